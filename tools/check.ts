import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { projectDirectory } from "../cli/project";
import { generatedFiles } from "./generate";

/** The result of one check, with the tool's output. */
export interface CheckResult {
  readonly name: "types" | "lint and format" | "generated files";
  readonly ok: boolean;
  readonly output: string;
}

function runTool(name: CheckResult["name"], script: string, args: readonly string[]): Promise<CheckResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(projectDirectory, "node_modules", script), ...args], {
      cwd: projectDirectory,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const keep = (data: Buffer) => {
      output += data.toString();
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", reject);
    child.on("close", (code) => resolve({ name, ok: code === 0, output }));
  });
}

/** Compiles the whole project without writing anything. */
export function checkTypes(): Promise<CheckResult> {
  return runTool("types", "typescript/bin/tsc", ["--noEmit", "-p", "."]);
}

/** Checks lint rules, format and the order of imports in the whole project. */
export function checkStyle(): Promise<CheckResult> {
  return runTool("lint and format", "@biomejs/biome/bin/biome", ["check", "--error-on-warnings", "."]);
}

/** The parts of files that follow from settings/schema. */
export function checkGenerated(): CheckResult {
  const stale = generatedFiles().filter(({ isStale }) => isStale);
  const lines = stale.map(({ file }) => `${file}: expected what settings/schema holds; run: npm run generate\n`);
  return { name: "generated files", ok: lines.length === 0, output: lines.join("") };
}

export const help = `Usage: npm run check

Compiles the project without writing anything, checks style, format and the order of imports, and whether the generated
parts of Pulumi.yaml and docs/settings.md are up to date. Exit status 1 if a check found something.`;

/** The command `check`. @returns 0 when no check found anything */
export async function run(args: string[]): Promise<number> {
  parseArgs({ args, options: {} });
  const results = await Promise.all([checkTypes(), checkStyle(), checkGenerated()]);
  for (const { name, ok, output } of results) process.stdout.write(ok ? `${name}: ok\n` : `${output}${name}: failed\n`);
  return results.every(({ ok }) => ok) ? 0 : 1;
}
