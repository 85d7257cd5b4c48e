import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "selfsigned";

/** A certificate that is its own authority. */
export interface OwnCertificate {
  readonly cert: string;
  readonly private: string;
}

/** So many ports that nobody listens on, each another one. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  return servers.map((server) => {
    const address = server.address();
    server.close();
    assert.ok(address !== null && typeof address === "object");
    return address.port;
  });
}

export function ownCertificate(names: readonly string[]): Promise<OwnCertificate> {
  return generate([{ name: "commonName", value: names[0] ?? "" }], {
    keySize: 2048,
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames: names.map((value) => ({ type: 2, value })) },
    ],
  });
}

/** Skips the test with its reason on a machine without HAProxy. */
export function needHaproxy(test: Mocha.Context): void {
  if (spawnSync("haproxy", ["-v"]).status === 0) return;
  process.stdout.write("      skipped: no haproxy on PATH (apt-get install haproxy)\n");
  test.skip();
}

export interface RunningHaproxy {
  /** What it said so far, of servers that went down or came up. */
  readonly told: () => string;
  readonly stop: () => Promise<void>;
}

/** The real HAProxy with a configuration of ours. */
export function runHaproxy(
  configuration: string,
  own: OwnCertificate,
  trusted: readonly OwnCertificate[],
): RunningHaproxy {
  const directory = mkdtempSync(join(tmpdir(), "haproxy-run-"));
  writeFileSync(join(directory, "balancer.pem"), `${own.cert}\n${own.private}\n`);
  writeFileSync(join(directory, "ca.pem"), trusted.map(({ cert }) => cert).join("\n"));
  const file = join(directory, "haproxy.cfg");
  writeFileSync(file, configuration.replaceAll("/usr/local/etc/haproxy/", `${directory}/`));
  const haproxy = spawn("haproxy", ["-db", "-f", file], { stdio: ["ignore", "ignore", "pipe"] });
  let told = "";
  haproxy.stderr.on("data", (chunk) => {
    told += chunk;
  });
  const stop = async () => {
    if (haproxy.exitCode === null) {
      haproxy.kill();
      await once(haproxy, "exit");
    }
    rmSync(directory, { recursive: true });
  };
  return { told: () => told, stop };
}
