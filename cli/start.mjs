// The entry point of every npm script. It runs before any package is installed, so it may use Node's own modules only.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const projectDir = dirname(dirname(fileURLToPath(import.meta.url)));
const modulesDir = join(projectDir, "node_modules");
const lockFile = join(projectDir, "package-lock.json");
const stampFile = join(modulesDir, ".apim-packages");
/** Older releases of Node 20 do not run all packages. */
const oldestNode = [20, 19];

/** Folders with commands for users and for developers. Each has a commands.json and a main.ts. */
const commandFolders = ["cli", "tools"];

/** Name, summary and folder of each command. */
function usage() {
  const commands = commandFolders.flatMap((folder) => {
    const list = JSON.parse(readFileSync(join(projectDir, folder, "commands.json"), "utf8"));
    return list.map((command) => ({ ...command, folder }));
  });
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(9)} ${summary}`);
  return {
    folderOf: new Map(commands.map(({ name, folder }) => [name, folder])),
    text: ["Usage: npm run <command> [-- options]", "", ...lines].join("\n"),
  };
}

function modified(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}

/** Whether node_modules matches package-lock.json, installed by this script (stamp) or by the user (npm's own record). */
function packagesAreCurrent(lockHash) {
  if (modified(stampFile) !== undefined && readFileSync(stampFile, "utf8") === lockHash) return true;
  const byHand = modified(join(modulesDir, ".package-lock.json"));
  const locked = modified(lockFile);
  return byHand !== undefined && locked !== undefined && byHand > locked;
}

/** Runs npm, keeps its output, and forwards the signals that end this process. */
function runNpm(args) {
  // Under `npm run`, use the npm that is running; `node cli/start.mjs` uses the npm on PATH.
  const npm = process.env.npm_execpath;
  const own = npm?.endsWith("npm-cli.js");
  return new Promise((resolve) => {
    const child = spawn(own ? process.execPath : "npm", own ? [npm, ...args] : args, {
      cwd: projectDir,
      stdio: ["ignore", "pipe", "pipe"],
      shell: !own && process.platform === "win32",
    });
    let output = "";
    let interrupted = false;
    const forward = (signal) => {
      interrupted = true;
      child.kill(signal);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    const end = (status) => {
      for (const signal of signals) process.off(signal, forward);
      resolve({ status, output });
    };
    for (const signal of signals) process.on(signal, forward);
    child.stdout.on("data", (data) => {
      output += data;
    });
    child.stderr.on("data", (data) => {
      output += data;
    });
    child.on("error", (error) => {
      output += `${error.message}\n`;
      end(1);
    });
    child.on("close", (code, signal) => end(interrupted || signal ? 130 : (code ?? 1)));
  });
}

async function installPackages(lockHash) {
  const started = Date.now();
  process.stderr.write("Node packages: installing with npm ci, once; this takes a minute\n");
  const { status, output } = await runNpm(["ci", "--include=dev", "--no-audit", "--no-fund"]);
  if (status !== 0) {
    if (status !== 130) {
      // npm may print pages of help after an error; the error itself comes first.
      const start = output.trimEnd().split("\n").slice(0, 25).join("\n");
      process.stderr.write(
        `${start}\n\nNode packages could not be installed: npm ci ended with status ${status}; its output is above. ` +
          "Check that the npm registry can be reached, then run the command again.\n",
      );
    }
    return status;
  }
  writeFileSync(stampFile, lockHash);
  process.stderr.write(`Node packages: installed in ${Math.round((Date.now() - started) / 1000)} s\n`);
  return 0;
}

async function start() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
    process.stderr.write(
      `Node: expected ${oldestNode.join(".")} or newer, found ${process.versions.node} (${process.execPath}). ` +
        "Install a current Node, see https://nodejs.org/en/download, then run the command again.\n",
    );
    return 1;
  }
  const [command, ...args] = process.argv.slice(2);
  const { folderOf, text } = usage();
  if (command === "--help" || command === "-h" || command === "help") {
    process.stdout.write(`${text}\n`);
    return 0;
  }
  const folder = folderOf.get(command);
  if (folder === undefined) {
    const found = command === undefined ? "No command given" : `Unknown command "${command}"`;
    process.stderr.write(`${found}; expected one of these:\n\n${text}\n`);
    return 2;
  }
  const lockHash = createHash("sha256").update(readFileSync(lockFile)).digest("hex");
  if (!packagesAreCurrent(lockHash)) {
    // npm ci first empties the directory, even if node_modules is a link to a directory elsewhere.
    if (lstatSync(modulesDir, { throwIfNoEntry: false })?.isSymbolicLink()) {
      process.stderr.write(
        `${modulesDir}: expected the packages of package-lock.json, found a link to others; remove the link.\n`,
      );
      return 1;
    }
    const status = await installPackages(lockHash);
    if (status !== 0) return status;
  }
  const require = createRequire(import.meta.url);
  const file = await bundle(folder);
  require("../engine/compiledCode.cjs").keepCompiledCode(projectDir, folder);
  return require(file).main(command, args);
}

/**
 * The bundle of a folder's commands: one JavaScript file, made again when a source file has changed. Compiling each source
 * file when it is loaded would cost every command a second, and starting esbuild would cost it a fifth of a second.
 */
async function bundle(folder) {
  // One level below the project, as cli/project.ts is, which finds the project from there.
  const file = join(projectDir, "dist", `${folder}.cjs`);
  const listFile = join(projectDir, "dist", `${folder}.sources.json`);
  if (modified(file) !== undefined && sourcesAreUnchanged(listFile)) return file;
  const { build } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    absWorkingDir: projectDir,
    entryPoints: [join(folder, "main.ts")],
    bundle: true,
    packages: "external",
    platform: "node",
    target: "node20",
    format: "cjs",
    write: false,
    metafile: true,
    logLevel: "error",
  });
  const sources = ["cli/start.mjs", ...Object.keys(metafile.inputs)];
  mkdirSync(dirname(file), { recursive: true });
  // The bundle before the list: a new list beside an old bundle would hide that the bundle is old.
  writeWhole(file, outputFiles[0].text);
  writeWhole(listFile, JSON.stringify(Object.fromEntries(sources.map((source) => [source, versionOf(source)]))));
  return file;
}

/** Whether the source files are those of the last bundle. */
function sourcesAreUnchanged(listFile) {
  try {
    return Object.entries(JSON.parse(readFileSync(listFile, "utf8"))).every(
      ([source, version]) => versionOf(source) === version,
    );
  } catch {
    return false;
  }
}

function versionOf(source) {
  const found = statSync(join(projectDir, source), { throwIfNoEntry: false });
  return found ? `${found.mtimeMs} ${found.size}` : undefined;
}

/** Writes a file that another command may be reading. */
function writeWhole(file, text) {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text);
  renameSync(temporary, file);
}

process.exitCode = await start();
// A connection that a library keeps open must not keep the process alive.
setTimeout(() => process.exit(), 1000).unref();
