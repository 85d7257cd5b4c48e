import { setTimeout as sleep } from "node:timers/promises";
import type { Container, ContainerInspectInfo } from "dockerode";
import type { Context, Properties } from "../provider";
import { attempt } from "./dockerError";
import { flag, number, texts } from "./values";

const pollMilliseconds = 100;
const reportMilliseconds = 15_000;
/** One or two restarts are the restart policy at its work; after so many, waiting longer does not help. */
const endlessRestarts = 5;

/**
 * Returns when Docker's health check says `healthy`.
 * @throws with the state and the last 20 log lines if it ends, is unhealthy, has no health check, or `waitTimeout` (s) is over
 */
export async function waitUntilHealthy(container: Container, inputs: Properties, context: Context): Promise<void> {
  const seconds = number(inputs, "waitTimeout") ?? 60;
  const began = Date.now();
  let reportAt = began + reportMilliseconds;
  let unhealthy = 0;
  for (;;) {
    const found = await attempt("inspect", () => container.inspect());
    const health = found.State.Health?.Status;
    if (health === "healthy") {
      return;
    }
    // A container about to be started again is called unhealthy too; only one that runs and stays so is.
    unhealthy = health === "unhealthy" && !found.State.Restarting ? unhealthy + 1 : 0;
    const over = Date.now() - began >= seconds * 1000;
    const last = unhealthy > 1 ? "is unhealthy" : over ? `was not healthy within ${seconds} s` : undefined;
    const problem = problemOf(found) ?? last;
    if (problem !== undefined) {
      throw new Error(await describe(container, found, inputs, problem));
    }
    if (Date.now() >= reportAt) {
      reportAt += reportMilliseconds;
      context.log(
        `waiting for it to be healthy: ${health ?? found.State.Status} after ${Math.round((Date.now() - began) / 1000)} s`,
      );
    }
    if (context.signal.aborted) {
      throw new Error("interrupted while waiting for it to be healthy");
    }
    await sleep(pollMilliseconds, undefined, { signal: context.signal }).catch(() => undefined);
  }
}

function problemOf(found: ContainerInspectInfo): string | undefined {
  const { State: state } = found;
  if (!state.Running && !state.Restarting) {
    return `ended with exit code ${state.ExitCode}${state.OOMKilled ? " (killed: out of memory; raise its memory)" : ""} while waiting`;
  }
  if (found.RestartCount >= endlessRestarts) {
    return `keeps ending, with exit code ${state.ExitCode}: its restart policy has started it ${found.RestartCount} times`;
  }
  if (!state.Health && !state.Restarting) {
    return "has no health check, which wait: true needs; give healthcheck, or leave wait out";
  }
  return undefined;
}

async function describe(
  container: Container,
  found: ContainerInspectInfo,
  inputs: Properties,
  problem: string,
): Promise<string> {
  const restarts = found.RestartCount > 0 ? `, restarted ${found.RestartCount} times` : "";
  const check = found.State.Health?.Log?.at(-1);
  const lines = [problem, `state: ${found.State.Status}${restarts}`];
  if (check) {
    lines.push(`last health check: exit code ${check.ExitCode}: ${check.Output.trim().slice(-500)}`);
  }
  const logs = await lastLines(container, flag(inputs, "tty") ?? false, 20).catch(() => "");
  lines.push(
    logs.trim() === "" ? "it logged nothing" : `last lines of its log:\n    ${logs.trim().split("\n").join("\n    ")}`,
  );
  return redact(lines.join("\n  "), inputs);
}

/** A program may print its own environment: values of what looks like a secret are blotted out. */
function redact(report: string, inputs: Properties): string {
  const secrets = texts(inputs, "envs")
    .filter((env) => /^[^=]*(pass|secret|token|credential|key)[^=]*=.{4,}/i.test(env))
    .map((env) => env.slice(env.indexOf("=") + 1));
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, "***"), report);
}

/** The end of a container's log, or all of it when `count` is undefined. */
export async function lastLines(container: Container, tty: boolean, count: number | undefined): Promise<string> {
  const raw = await container.logs({
    stdout: true,
    stderr: true,
    follow: false,
    ...(count === undefined ? {} : { tail: count }),
  });
  return tty ? raw.toString("utf8") : demultiplex(raw);
}

/** Without a terminal each frame of a log has a header of 8 bytes, its length in the last four. */
function demultiplex(raw: Buffer): string {
  const frames: Buffer[] = [];
  for (let at = 0; at + 8 <= raw.length; ) {
    const end = at + 8 + raw.readUInt32BE(at + 4);
    frames.push(raw.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(frames).toString("utf8");
}
