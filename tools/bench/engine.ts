import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import * as esbuild from "esbuild";
import { runLocalEngine } from "../../cli/engine/localEngine";
import { projectDirectory } from "../../cli/project";
import type { Result, RunKind } from "../../engine";
import { type Figure, median } from "./figure";

/** Random resources like those of the product's nodes, and with `containers: true` one of each Docker kind. */
const PROGRAM = `
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

const config = new pulumi.Config();
class Group extends pulumi.ComponentResource {
  constructor(name: string, size: number) {
    super("bench:index:Group", name);
    let last: random.RandomId | undefined;
    for (let i = 1; i < size; i++)
      last = new random.RandomId(
        \`\${name}-\${i}\`,
        { byteLength: 8, keepers: { file: \`line \${i}\\n\`.repeat(50), last: last?.hex ?? "" } },
        { parent: this },
      );
  }
}
const total = config.requireNumber("resources") - 1;
for (let i = 0; i * 20 < total; i++) new Group(\`group\${i}\`, Math.min(20, total - i * 20));
if (config.getBoolean("containers")) {
  const network = new docker.Network("network", { name: "apim-bench-engine" });
  const volume = new docker.Volume("volume", { name: "apim-bench-engine" });
  const image = new docker.RemoteImage("image", { name: "wso2-apim/base-debian:bookworm", keepLocally: true });
  new docker.Container("container", {
    name: "apim-bench-engine",
    image: image.imageId,
    command: ["sleep", "600"],
    networksAdvanced: [{ name: network.name }],
    mounts: [{ type: "volume", source: volume.name, target: "/data" }],
    healthcheck: { tests: ["CMD", "true"], interval: "1s" },
    wait: true,
  });
}
`;

const STEPS = ["up", "no-change preview", "no-change up", "refresh", "destroy"] as const;
type Times = Readonly<Partial<Record<(typeof STEPS)[number], number>>>;

/** Measures the engine alone, on its own programs: compared with the official engine, and with many resources. */
export async function measureEngine(): Promise<Figure[]> {
  const bench = new EngineBench();
  try {
    return [...(await bench.withContainers()), ...(await bench.withoutContainers()), ...(await bench.many())];
  } finally {
    bench.dispose();
  }
}

class EngineBench {
  private readonly dir = mkdtempSync(path.join(tmpdir(), "apim-bench-engine-"));

  constructor() {
    this.write("Pulumi.yaml", "name: bench\nruntime: nodejs\n");
    this.write("package.json", "{}");
    this.write("index.ts", PROGRAM);
    symlinkSync(path.join(projectDirectory, "node_modules"), path.join(this.dir, "node_modules"));
  }

  /** The official engine's times come from a smaller program: 9 resources, one of them a container. */
  withContainers(): Promise<Figure[]> {
    this.configure(10, true);
    const official = { up: 13.8, "no-change preview": 3.1, "no-change up": 3.2, refresh: 2.9, destroy: 4.1 };
    return this.life("14 resources", official);
  }

  withoutContainers(): Promise<Figure[]> {
    this.configure(55, false);
    const official = { up: 6.5, "no-change preview": 5.0, "no-change up": 6.4, destroy: 8.8 };
    return this.life("55 resources", official, { "no-change preview": 3, "no-change up": 3 });
  }

  /**
   * Measures each step from an empty stack to an empty stack.
   *
   * @param official seconds of the official engine on a similar machine, which are the limits
   * @param limits other limits for some steps
   */
  private async life(resources: string, official: Times, limits: Times = {}): Promise<Figure[]> {
    const figures: Figure[] = [];
    for (const step of STEPS) {
      const theirs = official[step];
      if (theirs === undefined) continue;
      const unchanged = step.startsWith("no-change ");
      const operation = step.replace("no-change ", "") as RunKind;
      const times = [];
      for (let i = 0; i < (unchanged ? 3 : 1); i++) times.push(await this.run(operation, unchanged));
      const measured = unchanged ? `median of 3: ${times.map(seconds).join(", ")} s; ` : "";
      figures.push({
        name: `${step} of ${resources}`,
        value: median(times) / 1000,
        unit: "s",
        limit: limits[step] ?? theirs,
        detail: `${measured}the official engine: ${theirs.toFixed(1)} s`,
      });
    }
    return figures;
  }

  async many(): Promise<Figure[]> {
    this.configure(1000, false);
    await this.run("up");
    const { ms, memory } = await this.previewApart();
    const name = "no-change plan of 1,000 resources";
    const detail = [...memory.values()].map((mebibytes) => mebibytes.toFixed(0)).join(" and ");
    const total = [...memory.values()].reduce((sum, each) => sum + each, 0);
    return [
      { name, value: ms / 1000, unit: "s", limit: 10, detail: "preview, in a separate process" },
      { name: `${name}: memory`, value: total, unit: "MiB", limit: 500, detail: `engine and program: ${detail}` },
    ];
  }

  /** Runs a preview in another process, as the commands do, so that earlier work of this process does not count. */
  private previewApart(): Promise<{ ms: number; memory: ReadonlyMap<number, number> }> {
    const bundle = path.join(this.dir, "engine.cjs");
    const engine = path.join(projectDirectory, "cli/engine/localEngine.ts");
    const packages = "external";
    esbuild.buildSync({ entryPoints: [engine], outfile: bundle, bundle: true, platform: "node", packages });
    const options = `{ projectDir: ".", stack: "dev", expectNoChanges: true, out: { write() {} } }`;
    const script = `require("./engine.cjs").runLocalEngine("preview", ${options}).then(({ exitCode }) => process.exit(exitCode))`;
    const started = performance.now();
    const child = spawn(process.execPath, ["-e", script], { cwd: this.dir, env, stdio: "inherit" });
    const memory = new Map<number, number>();
    const timer = setInterval(() => recordMemory(child.pid ?? 0, memory), 50);
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => {
        clearInterval(timer);
        if (code === 0) resolve({ ms: performance.now() - started, memory });
        else reject(new Error(`preview ended with status ${code}`));
      });
    });
  }

  private async run(operation: RunKind, expectNoChanges = false): Promise<number> {
    let text = "";
    const out = { write: (part: string) => (text += part) };
    const result: Result = await runLocalEngine(operation, {
      projectDir: this.dir,
      stack: "dev",
      env,
      out,
      expectNoChanges,
    });
    if (result.exitCode !== 0) throw new Error(`${operation} failed:\n${text}`);
    return result.ms;
  }

  private configure(resources: number, containers: boolean): void {
    this.write("Pulumi.dev.yaml", `config:\n  bench:resources: ${resources}\n  bench:containers: ${containers}\n`);
  }

  private write(name: string, text: string): void {
    writeFileSync(path.join(this.dir, name), text);
  }

  dispose(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

const seconds = (ms: number): string => (ms / 1000).toFixed(2);

const env = { ...process.env, PULUMI_BACKEND_URL: "", PULUMI_CONFIG_PASSPHRASE: "benchmark" };

/** Records the peak memory of a process and of its children (the program), in MiB; Linux only. */
function recordMemory(process: number, peaks: Map<number, number>): void {
  const children = `/proc/${process}/task/${process}/children`;
  const found = existsSync(children) ? readFileSync(children, "utf8").split(" ").filter(Boolean).map(Number) : [];
  for (const pid of [process, ...found]) peaks.set(pid, Math.max(peaks.get(pid) ?? 0, residentMiB(pid)));
}

function residentMiB(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    // The process has ended in the meantime.
    return 0;
  }
}
