import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import * as path from "node:path";
import { processIdentity } from "../../../engine/backend/processIdentity";
import { lockStack } from "../../../engine/backend/stateLock";
import { removeTemporaryDirs, stack, temporaryDir } from "../support";
import { onFullDisk } from "./fullDisk";

/** Clock ticks since boot; Linux counts 100 per second. */
const uptimeTicks = (): number => Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 100;

describe("the lock of a stack's state", function () {
  this.timeout(30_000);
  after(removeTemporaryDirs);

  const lockFile = (dir: string, content: object): string => {
    const at = path.join(dir, ".pulumi/locks/organization/shelf/dev");
    mkdirSync(at, { recursive: true });
    writeFileSync(
      path.join(at, "other.json"),
      JSON.stringify({ username: "ann", hostname: hostname(), timestamp: new Date().toISOString(), ...content }),
    );
    return at;
  };
  const lock = (dir: string, said: string[] = []) =>
    lockStack(path.join(dir, ".pulumi"), stack, (text) => said.push(text));
  const lockAndRelease = async (dir: string) => (await lock(dir))();

  it("refuses a second run and names the holder, until it is released", async () => {
    const dir = temporaryDir();
    const release = await lock(dir);
    await assert.rejects(lock(dir), new RegExp(`locked by .*@${hostname()} \\(pid ${process.pid}`));
    release();
    await lockAndRelease(dir);
  });
  it("is removed, with a message, if its process on this host no longer exists", async () => {
    const dir = temporaryDir();
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    const at = lockFile(dir, { pid });
    const said: string[] = [];
    (await lock(dir, said))();
    assert.match(said.join(), new RegExp(`Removed the lock of ann@.*pid ${pid}`));
    assert.deepEqual(readdirSync(at), []);
  });
  it("is removed if another process has its process id now", async function () {
    const own = processIdentity(process.pid);
    if (own === undefined) {
      console.log("      skipped: no /proc");
      return this.skip();
    }
    for (const other of [
      { ...own, startTime: "1" },
      { ...own, bootId: "another" },
    ]) {
      const dir = temporaryDir();
      lockFile(dir, { pid: process.pid, ...other });
      await lockAndRelease(dir);
    }
  });
  it("is never removed while its process runs: this engine, another engine, or an engine in a container", async () => {
    const dir = temporaryDir();
    const release = await lock(dir);
    const [name = ""] = readdirSync(path.join(dir, ".pulumi/locks/organization/shelf/dev"));
    const written = JSON.parse(readFileSync(path.join(dir, ".pulumi/locks/organization/shelf/dev", name), "utf8"));
    release();
    const { pid: gone } = spawnSync(process.execPath, ["-e", ""]);
    for (const content of [
      // The age does not count, because the clock may have been set in the meantime.
      { ...written, timestamp: "2001-01-01T00:00:00Z" },
      { pid: process.pid, timestamp: "2001-01-01T00:00:00Z" },
      ...("bootId" in written ? [{ ...written, pid: gone, pidNamespace: "pid:[1]" }] : []),
    ]) {
      const each = temporaryDir();
      lockFile(each, content);
      await assert.rejects(lock(each), /locked by/);
    }
  });
  it("identifies a process by its start time, whatever characters its command contains", async function () {
    const dir = temporaryDir();
    const command = path.join(dir, "a) b (c");
    if (processIdentity(process.pid) === undefined) {
      console.log("      skipped: no /proc");
      return this.skip();
    }
    symlinkSync("/bin/sleep", command);
    const before = uptimeTicks();
    const child = spawn(command, ["30"], { stdio: "ignore" });
    await once(child, "spawn");
    const started = Number(processIdentity(child.pid ?? 0)?.startTime);
    child.kill();
    await once(child, "close");
    assert.ok(started >= before - 2 && started <= uptimeTicks() + 2, `${started} is not from ${before}`);
    assert.equal(processIdentity(child.pid ?? 0), undefined);
  });
  it("is respected if it belongs to another host or has an invalid process id", async () => {
    for (const content of [{ pid: 1, hostname: "elsewhere" }, { pid: "x" }]) {
      const dir = temporaryDir();
      lockFile(dir, content);
      await assert.rejects(lock(dir), /locked by ann@/);
    }
  });
  it("on a full disk: the error names the lock file, and no file is left that would refuse later runs", () => {
    const dir = path.join(temporaryDir(), ".pulumi");
    const code =
      'require("./engine/backend/stateLock").lockStack(process.argv[1], { project: "shelf", stack: "dev" }, console.log).catch((error) => console.log(error.message))';
    const said = onFullDisk(code, dir);
    assert.match(said, /locks\/organization\/shelf\/dev\/\S+\.json: can't be written \(EFBIG.*check the disk space/);
    assert.deepEqual(
      readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()),
      [],
    );
  });
  it("with invalid contents: the error names the lock file and the remedy", async () => {
    for (const text of ["", "{", "null", "[]"]) {
      const dir = temporaryDir();
      const file = path.join(lockFile(dir, {}), "other.json");
      writeFileSync(file, text);
      await assert.rejects(
        lock(dir),
        (error: Error) =>
          error.message.includes(`the lock file ${file} is invalid`) && /remove it if/.test(error.message),
      );
    }
  });
});
