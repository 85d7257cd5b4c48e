import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { extract } from "tar-stream";
import { contextTar } from "../../../engine/providers/buildContext";

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

  it("holds everything, links as links", async () => {
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
  it("starts patterns at its root, as Docker does", async () => {
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
  it("keeps exceptions, and the Dockerfile always", async () => {
    assert.deepEqual(await names("*\n!sub\nsub/*.log\n"), [".dockerignore", "Dockerfile", "sub", "sub/b.txt"]);
  });
  it("names what is missing", async () => {
    await assert.rejects(
      contextTar(path.join(root, "none"), "Dockerfile"),
      /build\.context: expected a directory, found nothing at/,
    );
    await assert.rejects(contextTar(root, "Other"), /build\.dockerfile: no file Other in/);
  });
});
