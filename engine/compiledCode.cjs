// Keeps what V8 and swc make of a process's modules for the next process. Plain JavaScript: it runs before anything is compiled.
"use strict";
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const { Module } = require("node:module");
const path = require("node:path");
const v8 = require("node:v8");
const vm = require("node:vm");

/** Has `import(` in its messages only. */
const TYPESCRIPT = /[\\/]typescript[\\/]lib[\\/]typescript\.js$/;
const SWC = /[\\/]@swc[\\/]core[\\/]index\.js$/;

/** Begins the key of code that no file contains. */
const WITHOUT_FILE = "#";

/** What V8 compiled of each module and swc made of each TypeScript file, by path (else by hash), from earlier processes. */
class CompiledCode {
  #file;
  #compiled = {};
  #transpiled = {};
  #scripts = [];
  #changed = false;

  /** @param file what {@link save} wrote; absent or unreadable: nothing is known yet */
  constructor(file) {
    this.#file = file;
    try {
      ({ compiled: this.#compiled, transpiled: this.#transpiled } = v8.deserialize(fs.readFileSync(file)));
    } catch {
      // Everything is compiled, and the file is written again.
    }
  }

  /** @throws what V8 says of code that it can't compile as a CommonJS module */
  compile(code, filename) {
    const hash = hashOf(code);
    // The functions of dynamic resources come without a file.
    const key = filename || WITHOUT_FILE + hash;
    const known = this.#compiled[key];
    const script = new vm.Script(Module.wrap(code), {
      filename,
      columnOffset: -Module.wrapper[0].length,
      cachedData: known?.hash === hash ? known.data : undefined,
    });
    if (known?.hash !== hash || script.cachedDataRejected) this.#changed = true;
    this.#scripts.push({ key, hash, script });
    return script.runInThisContext();
  }

  transpile(swc, code, options) {
    const hash = hashOf(JSON.stringify([swc.version, options, code]));
    // Without a file, ts-node tries which options there are.
    const key = options.filename ?? WITHOUT_FILE + hash;
    const known = this.#transpiled[key];
    if (known?.hash === hash) return known.data;
    const data = swc.transformSync(code, options);
    this.#transpiled[key] = { hash, data };
    this.#changed = true;
    return data;
  }

  /** To be called at the end: V8's code then has all functions that were called. */
  save() {
    if (!this.#changed) return;
    // Functions that this process did not use may be of a former version, and nothing else would remove them.
    for (const key of Object.keys(this.#compiled)) if (key.startsWith(WITHOUT_FILE)) delete this.#compiled[key];
    for (const { key, hash, script } of this.#scripts) this.#compiled[key] = { hash, data: script.createCachedData() };
    const temporary = `${this.#file}.${process.pid}`;
    try {
      fs.mkdirSync(path.dirname(this.#file), { recursive: true });
      fs.writeFileSync(temporary, v8.serialize({ compiled: this.#compiled, transpiled: this.#transpiled }));
      fs.renameSync(temporary, this.#file);
    } catch {
      // A directory that can't be written or a full disk makes the next start slower; it is no error of this run.
      if (fs.existsSync(temporary)) fs.unlinkSync(temporary);
    }
  }
}

function hashOf(text) {
  return createHash("sha256").update(text).digest("base64");
}

/** The `require` of a module, as Node makes it. */
function requireOf(module) {
  const resolve = (request, options) => Module._resolveFilename(request, module, false, options);
  resolve.paths = (request) => Module._resolveLookupPaths(request, module);
  const { _extensions: extensions, _cache: cache } = Module;
  return Object.assign((id) => module.require(id), { resolve, main: process.mainModule, extensions, cache });
}

/**
 * Modules that are loaded from now on are compiled once for all processes of this name, as long as they do not change. A
 * process spends half of its start on compiling some 1,200 modules. From Node 22 on, `module.enableCompileCache` does this
 * for what V8 compiles; Node 20 can't.
 *
 * @param project the directory in whose `node_modules/.cache` the code is kept. Without node_modules, nothing is kept.
 * @param name of processes that load the same modules
 */
function keepCompiledCode(project, name) {
  const modules = path.join(project, "node_modules");
  if (!fs.existsSync(modules)) return;
  const file = `${name}-${process.version}-${process.arch}.bin`;
  const code = new CompiledCode(path.join(modules, ".cache", "wso2-apim", file));
  // The SDK sets this flag while it is loaded, and V8 refuses code that was compiled with other flags.
  v8.setFlagsFromString("--allow-natives-syntax");
  const compile = Module.prototype._compile;
  Module.prototype._compile = function (text, filename, format) {
    // Only Node can give a module its `import()`, skip a first line for the shell, and load ES modules.
    const imports = /\bimport\s*\(/.test(text) && !TYPESCRIPT.test(filename);
    if (imports || format === "module" || text.startsWith("#!")) return compile.call(this, text, filename, format);
    let run;
    try {
      run = code.compile(text, filename);
    } catch {
      return compile.call(this, text, filename, format);
    }
    return run.call(this.exports, this.exports, requireOf(this), this, filename, path.dirname(filename));
  };
  const load = Module._load;
  Module._load = (request, parent, isMain) => {
    const loaded = load.call(Module, request, parent, isMain);
    if (!SWC.test(request)) return loaded;
    const transformSync = (text, options) => code.transpile(loaded, text, options);
    return Object.create(loaded, { transformSync: { value: transformSync } });
  };
  process.on("exit", () => code.save());
}

module.exports = { keepCompiledCode };
