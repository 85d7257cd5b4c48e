import { runLocalEngine } from "../../cli/engine/localEngine";
import { projectDirectory } from "../../cli/project";
import { type RecordedResource, stackResources } from "../../engine";
import { runBare } from "./bare";
import { type Figure, median } from "./figure";
import { BenchStack } from "./stack";

/**
 * Measures in turns an up from nothing, and the same containers started by `docker run` while the stack is down.
 * @param whileUp further measurements, once, while the stack is up
 */
export async function measureUp(rounds: number, whileUp: (stack: BenchStack) => Promise<Figure[]>): Promise<Figure[]> {
  const stack = new BenchStack();
  const options = { projectDir: projectDirectory, stack: stack.name, env: stack.environment, out: new LastLines() };
  const destroy = async () => void (await runLocalEngine("destroy", options));
  const ups: number[] = [];
  const bares: number[] = [];
  const more: Figure[] = [];
  try {
    // The first up builds missing images, so it does not count.
    await upOnce(options);
    more.push(...(await whileUp(stack)));
    await destroy();
    for (let i = 0; i < rounds; i++) {
      ups.push(await upOnce(options));
      const resources = await resourcesOf(stack);
      await destroy();
      bares.push(await runBare(resources));
    }
  } finally {
    await destroy().catch(() => {});
    stack.dispose();
  }
  const [up, bare] = [median(ups), median(bares)];
  const seconds = (values: readonly number[]) => values.map((ms) => (ms / 1000).toFixed(1)).join(", ");
  return [
    {
      name: "up against bare docker run",
      value: up / bare,
      unit: "times",
      limit: 1.25,
      detail: `up ${seconds(ups)} s; bare ${seconds(bares)} s`,
    },
    ...more,
  ];
}

async function upOnce(options: Parameters<typeof runLocalEngine>[1] & { readonly out: LastLines }): Promise<number> {
  const started = performance.now();
  const { exitCode } = await runLocalEngine("up", options);
  if (exitCode !== 0) throw new Error(`up failed:\n${options.out.text}`);
  return performance.now() - started;
}

/** Keeps the end of a run's output, for the error message. */
class LastLines {
  text = "";

  write(text: string): void {
    this.text = `${this.text}${text}`.slice(-2000);
  }
}

async function resourcesOf(stack: BenchStack): Promise<readonly RecordedResource[]> {
  return (await stackResources(projectDirectory, stack.name, { env: stack.environment, showSecrets: true })) ?? [];
}
