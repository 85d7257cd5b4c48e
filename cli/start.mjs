// The entry of every npm script. It runs before any package is installed: only what Node itself brings may be used here.
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
const oldestNode = 20;

/** Folders with commands: the users' and the developers'. Each has a commands.json and a main.ts. */
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

/** True when node_modules holds what package-lock.json asks for, installed by us (stamp) or by hand (npm's own record). */
function packagesAreCurrent(lockHash) {
  if (modified(stampFile) !== undefined && readFileSync(stampFile, "utf8") === lockHash) return true;
  const byHand = modified(join(modulesDir, ".package-lock.json"));
  const locked = modified(lockFile);
  return byHand !== undefined && locked !== undefined && byHand > locked;
}

/** Runs npm, keeps its output, and passes on the signals that end this process. */
function runNpm(args) {
  // Under `npm run` the very npm that is running is used; a bare `node cli/start.mjs` takes the one on PATH.
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
  process.stderr.write("Node packages: installing (npm ci), once; this takes a minute\n");
  const { status, output } = await runNpm(["ci", "--include=dev", "--no-audit", "--no-fund"]);
  if (status !== 0) {
    if (status !== 130) {
      // npm may add pages of help to an error; what happened stands first.
      const said = output.trimEnd().split("\n").slice(0, 25).join("\n");
      process.stderr.write(
        `${said}\n\nNode packages could not be installed (npm ci ended with status ${status}; what it said is above). ` +
          "See that the npm registry can be reached, then run the command again.\n",
      );
    }
    return status;
  }
  writeFileSync(stampFile, lockHash);
  process.stderr.write(`Node packages: installed in ${Math.round((Date.now() - started) / 1000)} s\n`);
  return 0;
}

async function start() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < oldestNode) {
    process.stderr.write(
      `Node ${oldestNode} or newer is needed, this is ${process.versions.node} (${process.execPath}). ` +
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
    // npm ci empties the directory first, and would do so behind the link.
    if (lstatSync(modulesDir, { throwIfNoEntry: false })?.isSymbolicLink()) {
      process.stderr.write(
        `${modulesDir} is a link, and what it leads to is not what package-lock.json asks for; remove the link.\n`,
      );
      return 1;
    }
    const status = await installPackages(lockHash);
    if (status !== 0) return status;
  }
  const require = createRequire(import.meta.url);
  return require(await bundle(folder)).main(command, args);
}

/**
 * The commands of a folder as one JavaScript file, written again when a source file differs: compiling each file as it
 * is loaded would cost every command a second.
 */
async function bundle(folder) {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [join(projectDir, folder, "main.ts")],
    bundle: true,
    packages: "external",
    platform: "node",
    target: "node20",
    format: "cjs",
    write: false,
    logLevel: "error",
  });
  const text = outputFiles[0].text;
  // One level below the project, as cli/project.ts is.
  const file = join(projectDir, "dist", `${folder}.cjs`);
  if (modified(file) === undefined || readFileSync(file, "utf8") !== text) {
    mkdirSync(dirname(file), { recursive: true });
    const own = `${file}.${process.pid}`;
    writeFileSync(own, text);
    renameSync(own, file);
  }
  return file;
}

process.exitCode = await start();
// A connection that some library keeps open must not hold the process.
setTimeout(() => process.exit(), 1000).unref();
