// Runs before a program of the SDK, in its process (see sdkProcess.ts). It makes the start faster, and changes nothing else
// that a Pulumi program can see.
"use strict";
const { Module } = require("node:module");
const util = require("node:util");
const { keepCompiledCode } = require("./compiledCode.cjs");

/**
 * Modules that the runner loads at its start and hardly ever uses: packages that only archives of functions need, tracing,
 * the automation API, and ts-node's prompt. Request -> how the path of the requesting module ends.
 */
const RARELY_USED = new Map([
  ["@npmcli/arborist", ""],
  ["normalize-package-data", ""],
  ["@opentelemetry/resources", "/cmd/run/tracing.js"],
  ["@opentelemetry/sdk-trace-base", "/cmd/run/tracing.js"],
  ["@opentelemetry/exporter-zipkin", "/cmd/run/tracing.js"],
  ["@opentelemetry/instrumentation", "/cmd/run/tracing.js"],
  ["@opentelemetry/instrumentation-grpc", "/cmd/run/tracing.js"],
  ["@opentelemetry/sdk-trace-node", "/cmd/run/tracing.js"],
  ["./automation", "/@pulumi/pulumi/index.js"],
  ["./repl", "/ts-node/dist/index.js"],
]);

/**
 * The runner prints the program's errors in colour. For stack traces with certain node_modules paths, Node 20 needs half a
 * minute and gigabytes of memory for that.
 */
function printPlainErrors() {
  const { inspect } = util;
  util.inspect = Object.assign((value, options) => inspect(value, { ...options, colors: false }), inspect);
}

/**
 * The SDK records a stack trace per promise, for messages that only PULUMI_DEBUG_PROMISE_LEAKS shows. To map ten lines of
 * each to TypeScript would dominate a large run.
 */
function shortenStacks() {
  Error.stackTraceLimit = 4;
  if (process.env.PULUMI_DEBUG_PROMISE_LEAKS) return;
  let current;
  Object.defineProperty(Error, "prepareStackTrace", {
    configurable: true,
    get: () => current,
    set(full) {
      const isPromise = ([top]) => top?.getFunctionName() === "debuggablePromise";
      current = full && ((error, sites) => (isPromise(sites) ? String(error) : full(error, sites)));
    },
  });
}

/** A module that is loaded when the first of its properties is read. */
function loadedWhenUsed(load) {
  return new Proxy(
    {},
    {
      has: (_, key) => key in load(),
      get(_, key) {
        // A compiled import copies all properties of a module that is not marked as an ES module.
        if (key === "__esModule") return true;
        return key === "default" ? (load().default ?? load()) : load()[key];
      },
    },
  );
}

/** Loads the modules of {@link RARELY_USED} when the first of their properties is read. */
function loadRarelyUsedLater() {
  const load = Module._load;
  Module._load = (request, parent, isMain) => {
    const loadNow = () => load.call(Module, request, parent, isMain);
    const requester = RARELY_USED.get(request);
    const isRarelyUsed = requester !== undefined && parent?.filename?.replaceAll("\\", "/").endsWith(requester);
    return isRarelyUsed ? loadedWhenUsed(loadNow) : loadNow();
  };
}

const { project, name } = JSON.parse(process.env.APIM_SDK_START);
// Programs that this process starts are none of the SDK's.
delete process.env.APIM_SDK_START;
keepCompiledCode(project, name);
printPlainErrors();
shortenStacks();
loadRarelyUsedLater();
