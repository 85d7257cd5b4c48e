import { spawn } from "node:child_process";
import { runLocalEngine } from "../../cli/engine/localEngine";
import { projectDirectory } from "../../cli/project";
import type { Result } from "../../engine";
import { type Figure, median } from "./figure";
import type { BenchStack } from "./stack";

const rounds = 10;

/** Measures a preview without changes: the time that the engine reports, and the time of the whole command. */
export async function measurePreview(stack: BenchStack): Promise<Figure[]> {
  const options = {
    projectDir: projectDirectory,
    stack: stack.name,
    env: stack.environment,
    out: { write: () => true },
  };
  const previews: Result[] = [];
  for (let i = 0; i < rounds; i++) {
    const result = await runLocalEngine("preview", { ...options, expectNoChanges: true });
    if (result.exitCode !== 0) throw new Error("the preview found changes on an unchanged stack");
    previews.push(result);
  }
  const commands: number[] = [];
  for (let i = 0; i < rounds; i++) commands.push(await timeCommand(stack));
  const of = (measure: (preview: Result) => number) => median(previews.map(measure)) / 1000;
  const split = `median of ${rounds}: loading and running the program ${of(({ programMs }) => programMs).toFixed(2)} s, engine ${of(({ ms, programMs }) => ms - programMs).toFixed(2)} s`;
  return [
    { name: "no-change preview", value: of(({ ms }) => ms), unit: "s", limit: 4, detail: split },
    {
      name: "the whole command",
      value: median(commands),
      unit: "s",
      limit: 4,
      detail: `node cli/start.mjs preview, median of ${rounds}`,
    },
  ];
}

function timeCommand({ name, environment }: BenchStack): Promise<number> {
  const started = performance.now();
  const args = ["cli/start.mjs", "preview", "--stack", name, "--expect-no-changes"];
  const child = spawn(process.execPath, args, { cwd: projectDirectory, env: environment, stdio: "ignore" });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0
        ? resolve((performance.now() - started) / 1000)
        : reject(new Error(`preview ended with status ${code}`)),
    );
  });
}
