// Runs the code of dynamic resources, in a process of its own (see providers/dynamic.ts). It answers as the SDK's own server
// does, @pulumi/pulumi/cmd/dynamic-provider, but starts in a tenth of the time: it loads neither gRPC nor TypeScript.
"use strict";
const { Module } = require("node:module");
const { keepCompiledCode } = require("./compiledCode.cjs");

/** The input that contains the code of a dynamic resource. */
const CODE = "__provider";
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** code -> the resource's functions. The code runs once. */
const known = new Map();
let config = {};

function providerOf(props) {
  const code = props[CODE];
  const made = known.get(code) ?? load(code);
  known.set(code, made);
  return made;
}

async function load(code) {
  // Without a file: packages are those of the working directory, which is the project's.
  const module = new Module("");
  module.filename = "";
  module.paths = Module._nodeModulePaths(process.cwd());
  module._compile(code, "");
  const provider = module.exports.handler();
  await provider.configure?.({ config: { get: configured, require: requireConfigured } });
  return provider;
}

function configured(key) {
  return config[key.includes(":") ? key : `:${key}`];
}

function requireConfigured(key) {
  const value = configured(key);
  if (value === undefined) throw new Error(`Missing required configuration key: ${key}`);
  return value;
}

const withCode = (result, props) => ({ ...result, [CODE]: props[CODE] });

const methods = {
  configure(given) {
    config = given;
  },
  async check({ olds, news }) {
    const provider = await providerOf(news[CODE] === UNKNOWN ? olds : news);
    const { inputs = news, failures = [] } = (await provider.check?.(olds, news)) ?? {};
    return { inputs: withCode(inputs, news), failures };
  },
  async diff({ id, olds, news }) {
    const provider = await providerOf(news[CODE] === UNKNOWN ? olds : news);
    const { changes, replaces = [], deleteBeforeReplace = false } = (await provider.diff?.(id, olds, news)) ?? {};
    return { changes, replaces, deleteBeforeReplace };
  },
  async create({ props }) {
    const provider = await providerOf(props);
    const { id, outs } = await provider.create(props);
    return { id, outputs: withCode(outs, props) };
  },
  async read({ id, props }) {
    const provider = await providerOf(props);
    if (!provider.read) return { id, outputs: props };
    const found = await provider.read(id, props);
    const inputs = found.inputs && withCode(found.inputs, props);
    return { id: found.id, outputs: withCode(found.props, props), inputs };
  },
  async update({ id, olds, news }) {
    const provider = await providerOf(news);
    const { outs } = (await provider.update?.(id, olds, news)) ?? {};
    return { outputs: withCode(outs, news) };
  },
  async delete({ id, props }) {
    const provider = await providerOf(props);
    await provider.delete?.(id, props);
  },
};

async function answer({ number, method, args }) {
  try {
    process.send({ number, result: (await methods[method](args)) ?? null });
  } catch (error) {
    // An error with an id is one of a resource that was created, but not completely.
    const { id, properties = {} } = Object(error);
    process.send({ number, error: { message: error?.message ?? String(error), ...(id && { id, properties }) } });
  }
}

// As in the SDK's server, an error that nothing waits for does not end the process.
const report = (error) => console.error(error?.stack ?? String(error));
process.on("uncaughtException", report).on("unhandledRejection", report);
process.on("message", answer);
// The engine has ended, or needs this process no longer.
process.on("disconnect", () => process.exit());
keepCompiledCode(process.cwd(), "dynamic");
