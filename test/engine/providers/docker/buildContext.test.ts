import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { extract } from "tar-stream";
import { providersFor } from "../../../../engine/providers";
import { contextTar } from "../../../../engine/providers/docker/buildContext";
import { resource } from "../support";

describe("build context", () => {
  let root = "";
  beforeEach(async () => {
    root = await mkdtemp(path.join(os.tmpdir(), "context-"));
    await mkdir(path.join(root, "sub"));
    for (const name of ["Dockerfile", "a.log", "a.txt", "sub/a.log", "sub/b.txt"]) {
      await writeFile(path.join(root, name), name);
    }
    await symlink("a.txt", path.join(root, "link"));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const names = async (ignored: string): Promise<string[]> => {
    await writeFile(path.join(root, ".dockerignore"), ignored);
    const reader = extract();
    (await contextTar(root, "Dockerfile")).pipe(reader);
    const found: string[] = [];
    for await (const entry of reader) {
      found.push(
        entry.header.type === "symlink" ? `${entry.header.name} -> ${entry.header.linkname}` : entry.header.name,
      );
      entry.resume();
    }
    return found;
  };

  it("contains all files, and links as links", async () => {
    assert.deepEqual(await names(""), [
      ".dockerignore",
      "Dockerfile",
      "a.log",
      "a.txt",
      "link -> a.txt",
      "sub",
      "sub/a.log",
      "sub/b.txt",
    ]);
  });
  it("keeps modes and sizes, and is streamed instead of held in memory", async function () {
    this.timeout(20_000);
    const size = 64 * 1024 * 1024;
    await writeFile(path.join(root, "big.jar"), "", { mode: 0o640 });
    await truncate(path.join(root, "big.jar"), size);
    await writeFile(path.join(root, "run.sh"), "", { mode: 0o755 });
    const before = process.memoryUsage().arrayBuffers;
    const reader = extract();
    (await contextTar(root, "Dockerfile")).pipe(reader);
    const found: Record<string, string> = {};
    for await (const entry of reader) {
      found[entry.header.name] = `${entry.header.mode?.toString(8)} ${entry.header.size}`;
      if (entry.header.name === "big.jar") {
        // A slow Docker engine reads nothing yet. Later, memory that is not collected yet would count as held.
        await new Promise((resolve) => setTimeout(resolve, 300));
        const held = process.memoryUsage().arrayBuffers - before;
        assert.ok(held < size / 2, `${held} bytes are held`);
      }
      entry.resume();
    }
    assert.deepEqual([found["run.sh"], found["big.jar"]], ["755 0", `640 ${size}`]);
  });
  it(".dockerignore: patterns start at the root of the context", async () => {
    assert.deepEqual(await names("*.log\n# a comment\n"), [
      ".dockerignore",
      "Dockerfile",
      "a.txt",
      "link -> a.txt",
      "sub",
      "sub/a.log",
      "sub/b.txt",
    ]);
    assert.deepEqual(await names("**/*.log\n"), [
      ".dockerignore",
      "Dockerfile",
      "a.txt",
      "link -> a.txt",
      "sub",
      "sub/b.txt",
    ]);
  });
  it(".dockerignore: exceptions are kept, also in an excluded directory, and the Dockerfile always", async () => {
    assert.deepEqual(await names("*\n!sub\nsub/*.log\n"), [".dockerignore", "Dockerfile", "sub", "sub/b.txt"]);
    assert.deepEqual(await names("*\n!sub/b.txt\n"), [".dockerignore", "Dockerfile", "sub/b.txt"]);
  });
  it("a missing directory and a missing Dockerfile are refused", async () => {
    await assert.rejects(
      contextTar(path.join(root, "none"), "Dockerfile"),
      /build\.context: expected a directory, found nothing at/,
    );
    await assert.rejects(contextTar(root, "Other"), /build\.dockerfile: no file Other in/);
  });
});

describe("relative build context", () => {
  it("starts from the program's directory, whichever directory the engine runs in", async () => {
    const dir = await mkdtemp(path.join(os.tmpdir(), "program-"));
    try {
      const provider = providersFor({ dir, log: () => {} })("docker", {});
      const image = resource("docker:index/remoteImage:RemoteImage");
      const context = { log: () => {}, signal: new AbortController().signal };
      const inputs = { name: "built:1", build: { context: "../none", dockerfile: "Dockerfile" } };
      await assert.rejects(provider.create(image, inputs, context), (error: Error) =>
        error.message.includes(`found nothing at ${path.join(path.dirname(dir), "none")}`),
      );
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});
