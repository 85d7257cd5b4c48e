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

/** Clock ticks since boot, 100 a second everywhere that Node runs. */
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

  it("refuses a second run and names the holder, until it is given back", () => {
    const dir = temporaryDir();
    const release = lock(dir);
    assert.throws(() => lock(dir), new RegExp(`locked by .*@${hostname()} \\(pid ${process.pid}`));
    release();
    lock(dir)();
  });
  it("of a dead process of this host is broken with a word", () => {
    const dir = temporaryDir();
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    const at = lockFile(dir, { pid });
    const said: string[] = [];
    lock(dir, said)();
    assert.match(said.join(), new RegExp(`Broke the lock of ann@.*pid ${pid}`));
    assert.deepEqual(readdirSync(at), []);
  });
  it("of a number that another process has now counts as dead", function () {
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
      lock(dir)();
    }
  });
  it("of a live process is never broken: its own, another engine's, or one in a container", () => {
    const dir = temporaryDir();
    const release = lock(dir);
    const [name = ""] = readdirSync(path.join(dir, ".pulumi/locks/organization/shelf/dev"));
    const written = JSON.parse(readFileSync(path.join(dir, ".pulumi/locks/organization/shelf/dev", name), "utf8"));
    release();
    const { pid: gone } = spawnSync(process.execPath, ["-e", ""]);
    for (const content of [
      // However old: a clock may have been set since.
      { ...written, timestamp: "2001-01-01T00:00:00Z" },
      { pid: process.pid, timestamp: "2001-01-01T00:00:00Z" },
      ...("bootId" in written ? [{ ...written, pid: gone, pidNamespace: "pid:[1]" }] : []),
    ]) {
      const each = temporaryDir();
      lockFile(each, content);
      assert.throws(() => lock(each), /locked by/);
    }
  });
  it("knows a process by its start, however its command is named", async function () {
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
  it("of another host, or unreadable, is respected", () => {
    for (const content of [{ pid: 1, hostname: "elsewhere" }, { pid: "x" }]) {
      const dir = temporaryDir();
      lockFile(dir, content);
      assert.throws(() => lock(dir), /locked by ann@/);
    }
  });
  it("that can't be written names its file, and leaves none behind that would refuse every later run", () => {
    const dir = path.join(temporaryDir(), ".pulumi");
    const code =
      'try { require("./engine/backend/stateLock").lockStack(process.argv[1], { project: "shelf", stack: "dev" }, console.log) } catch (error) { console.log(error.message) }';
    const said = onFullDisk(code, dir);
    assert.match(said, /locks\/organization\/shelf\/dev\/\S+\.json: can't be written \(EFBIG.*its disk has room/);
    assert.deepEqual(
      readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()),
      [],
    );
  });
  it("that says nothing is told with its file and what to do", () => {
    for (const text of ["", "{", "null", "[]"]) {
      const dir = temporaryDir();
      const file = path.join(lockFile(dir, {}), "other.json");
      writeFileSync(file, text);
      assert.throws(
        () => lock(dir),
        (error: Error) =>
          error.message.includes(`the lock ${file} can't be read: `) && /remove it if/.test(error.message),
      );
    }
  });
});
