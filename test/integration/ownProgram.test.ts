import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { useExclusively } from "./place";
import { docker, projectDirectory } from "./testStack";

/** A program of examples/ in a directory of its own, with the packages of its package.json and no others. */
class Example {
  private readonly directory = mkdtempSync(path.join(tmpdir(), "apim-example-"));

  constructor(name: string) {
    cpSync(path.join(projectDirectory, "examples", name), this.directory, {
      recursive: true,
      filter: (source) => path.basename(source) !== "node_modules",
    });
    const { dependencies } = JSON.parse(readFileSync(path.join(this.directory, "package.json"), "utf8"));
    for (const [dependency, version] of Object.entries<string>(dependencies))
      this.link(dependency, version.startsWith("file:") ? "." : path.join("node_modules", dependency));
  }

  private link(dependency: string, target: string): void {
    const place = path.join(this.directory, "node_modules", dependency);
    mkdirSync(path.dirname(place), { recursive: true });
    symlinkSync(path.join(projectDirectory, target), place);
  }

  /** Runs the embedded engine in a process of its own. */
  run(operation: string, ...flags: string[]): Promise<{ status: number | null; output: string }> {
    const engine = path.join(__dirname, "fixtures", "engine.ts");
    const args = ["-r", "ts-node/register/transpile-only", engine, operation, this.directory, ...flags];
    const env = { ...process.env, PULUMI_BACKEND_URL: "", PULUMI_CONFIG_PASSPHRASE: "integration test" };
    const child = spawn(process.execPath, args, { cwd: projectDirectory, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (data: Buffer) => {
        output += data;
      });
    return new Promise((resolve) => child.once("close", (status) => resolve({ status, output })));
  }

  /** Name of a resource -> names of those that it depends on, from the state. */
  dependencies(): Map<string, string[]> {
    const file = path.join(this.directory, ".pulumi/stacks", this.project, "dev.json");
    const { resources } = JSON.parse(readFileSync(file, "utf8")).checkpoint.latest;
    const last = (urn: string) => urn.split("::").at(-1) ?? "";
    return new Map(
      resources.map(({ urn, dependencies = [] }: { urn: string; dependencies?: string[] }) => [
        last(urn),
        dependencies.map(last),
      ]),
    );
  }

  private get project(): string {
    return /^name: (.*)$/m.exec(readFileSync(path.join(this.directory, "Pulumi.yaml"), "utf8"))?.[1] ?? "";
  }

  dispose(): void {
    rmSync(this.directory, { recursive: true });
  }
}

/** Names of the containers, networks and volumes that begin with a prefix; containers with their state. */
async function objectsOf(prefix: string): Promise<string[]> {
  const [containers, networks, { Volumes }] = await Promise.all([
    docker.listContainers({ all: true }),
    docker.listNetworks(),
    docker.listVolumes(),
  ]);
  return [
    ...containers.map(({ Names, Status }) => `${Names[0]?.slice(1)} ${/healthy/.test(Status) ? "healthy" : "running"}`),
    ...networks.map(({ Name }) => Name),
    ...(Volumes ?? []).map(({ Name }) => Name),
  ].filter((name) => name.startsWith(prefix));
}

describe("examples: programs that use the components as a library", function () {
  this.timeout(600_000);
  useExclusively("examples");

  /** Brings an example up, checks it, and destroys it whatever fails. */
  async function withExample(name: string, prefix: string, check: (example: Example) => Promise<void>): Promise<void> {
    assert.deepEqual(await objectsOf(prefix), [], "left by an earlier run");
    const example = new Example(name);
    try {
      const up = await example.run("up");
      try {
        assert.equal(up.status, 0, up.output);
        await check(example);
        const again = await example.run("preview", "expectNoChanges");
        assert.equal(again.status, 0, again.output);
      } finally {
        const destroyed = await example.run("destroy");
        assert.equal(destroyed.status, 0, destroyed.output);
      }
      assert.deepEqual(await objectsOf(prefix), []);
    } finally {
      example.dispose();
    }
  }

  it("own-program: ApiManager brings a whole deployment up, and destroy leaves nothing", () =>
    withExample("own-program", "own-dev", async () => {
      const found = await objectsOf("own-dev-");
      for (const node of [
        "mysql",
        "keymanager-1",
        "gateway-1",
        "gateway-2",
        "publisher-1",
        "store-1",
        "loadbalancer",
        "loadbalancer-files",
      ])
        assert.ok(found.includes(`own-dev-${node} healthy`), `${node}: ${found.join(", ")}`);
    }));

  it("by-hand: the six components work with a component of the program's own between them", () =>
    withExample("by-hand", "by-hand-dev", async (example) => {
      const found = await objectsOf("by-hand-dev-");
      for (const node of [
        "mysql",
        "keymanager-1",
        "gateway-1",
        "publisher-1",
        "store-1",
        "loadbalancer",
        "loadbalancer-files",
      ])
        assert.ok(found.includes(`by-hand-dev-${node} healthy`), `${node}: ${found.join(", ")}`);
      assert.ok(found.includes("by-hand-dev-back-end running"), found.join(", "));
      const dependencies = example.dependencies();
      assert.ok(dependencies.get("back-end-container")?.includes("key-manager-container"));
      assert.ok(dependencies.get("gateway-container")?.includes("back-end-container"));
      assert.ok(dependencies.get("load-balancer-container")?.includes("gateway-container"));
    }));
});
