import { setTimeout as sleep } from "node:timers/promises";
import type { Container, ContainerInspectInfo } from "dockerode";
import type { Context } from "../../provider";
import { withoutSecrets } from "./containerSecrets";
import type { Inputs } from "./containerTable";
import { attempt } from "./error";

const POLL_MS = 100;
const REPORT_MS = 15_000;
/** One or two restarts are the restart policy at its work; after so many, waiting longer does not help. */
const ENDLESS_RESTARTS = 5;

/**
 * Returns when Docker's health check says `healthy`.
 * @throws with the state and the last 20 log lines if it ends, is unhealthy, has no health check, or `waitTimeout` (s) is over
 */
export async function waitUntilHealthy(container: Container, inputs: Inputs, { log, signal }: Context): Promise<void> {
  const { waitTimeout: seconds = 60 } = inputs;
  const began = Date.now();
  let reportAt = began + REPORT_MS;
  let unhealthy = 0;
  for (;;) {
    const found = await attempt("inspect", container.inspect());
    const health = found.State.Health?.Status;
    const waited = Date.now() - began;
    if (health === "healthy") return;
    // A container about to be started again is called unhealthy too; only one that runs and stays so is.
    unhealthy = health === "unhealthy" && !found.State.Restarting ? unhealthy + 1 : 0;
    const over = waited >= seconds * 1000 ? `was not healthy within ${seconds} s` : undefined;
    const problem = problemOf(found) ?? (unhealthy > 1 ? "is unhealthy" : over);
    if (problem !== undefined) throw new Error(await describe(container, found, inputs, problem));
    if (signal.aborted) throw new Error("interrupted while waiting for it to be healthy");
    if (Date.now() >= reportAt) {
      reportAt += REPORT_MS;
      log(`waiting for it to be healthy: ${health ?? found.State.Status} after ${Math.round(waited / 1000)} s`);
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

function problemOf({ State: state, RestartCount: restarts }: ContainerInspectInfo): string | undefined {
  const killed = state.OOMKilled ? " (killed: out of memory; raise its memory)" : "";
  if (!state.Running && !state.Restarting) return `ended with exit code ${state.ExitCode}${killed} while waiting`;
  if (restarts >= ENDLESS_RESTARTS)
    return `keeps ending, with exit code ${state.ExitCode}: its restart policy has started it ${restarts} times`;
  if (!state.Health && !state.Restarting)
    return "has no health check, which wait: true needs; give healthcheck, or leave wait out";
  return undefined;
}

async function describe(container: Container, found: ContainerInspectInfo, inputs: Inputs, problem: string) {
  const restarts = found.RestartCount > 0 ? `, restarted ${found.RestartCount} times` : "";
  const check = found.State.Health?.Log?.at(-1);
  const logs = (await lastLines(container, inputs.tty ?? false, 20).catch(() => "")).trim();
  const lines = [
    problem,
    `state: ${found.State.Status}${restarts}`,
    ...(check ? [`last health check: exit code ${check.ExitCode}: ${check.Output.trim().slice(-500)}`] : []),
    logs === "" ? "it logged nothing" : `last lines of its log:\n    ${logs.replaceAll("\n", "\n    ")}`,
  ];
  return withoutSecrets(lines.join("\n  "), inputs);
}

/** The end of a container's log, or all of it when `tail` is undefined. */
export async function lastLines(container: Container, tty: boolean, tail?: number): Promise<string> {
  const raw = await container.logs({ stdout: true, stderr: true, follow: false, ...(tail !== undefined && { tail }) });
  if (tty) return raw.toString("utf8");
  // Without a terminal each frame has a header of 8 bytes, its length in the last four.
  const frames: Buffer[] = [];
  for (let at = 0; at + 8 <= raw.length; ) {
    const end = at + 8 + raw.readUInt32BE(at + 4);
    frames.push(raw.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(frames).toString("utf8");
}
