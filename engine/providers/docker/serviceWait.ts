import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Service } from "dockerode";
import { parseDuration } from "../../duration";
import type { Context } from "../../provider";
import { attempt } from "./error";
import type { Inputs } from "./serviceTable";
import { describeTasks, runningSlots } from "./serviceTasks";

const POLL_MS = 1_000;
const REPORT_MS = 15_000;

/** Thrown when the run is aborted while it waits. */
export class Interrupted extends Error {}

/**
 * Waits as `convergeConfig` says until all tasks of a service run, and an update is complete. A task with a health check
 * runs when it is healthy.
 *
 * The official provider also ends in the middle of an update, when as many tasks run as are wanted: old and new ones. This
 * one waits for the end of the update, unless the time is up.
 *
 * @param redact removes the values of Swarm secrets from logs
 * @throws {Interrupted}
 * @throws with the state of the tasks that do not run, when Swarm pauses the update or rolls it back, or after `timeout`
 */
export async function waitUntilConverged(
  docker: Docker,
  id: string,
  inputs: Inputs,
  redact: (text: string) => string,
  { log, signal }: Context,
): Promise<void> {
  const { name, convergeConfig } = inputs;
  if (!convergeConfig) return;
  const { delay = "7s", timeout = "3m" } = convergeConfig;
  const first = Math.min(milliseconds(delay), milliseconds(timeout));
  const began = Date.now();
  const end = began + milliseconds(timeout);
  let reportAt = began + REPORT_MS;
  let steady = false;
  const fail = async (problem: string) => {
    const tasks = await describeTasks(docker, id, inputs, redact).catch((error: Error) => error.message);
    return new Error(`service ${name}: ${problem}${tasks === "" ? "" : `\n  ${tasks}`}`);
  };
  await sleep(first, undefined, { signal }).catch(() => undefined);
  for (;;) {
    if (signal.aborted) throw new Interrupted(`service ${name}: interrupted while waiting for its tasks`);
    const found = (await attempt(`inspect service ${name}`, docker.getService(id).inspect())) as Service;
    const { State: state = "", Message: message = "" } = found.UpdateStatus ?? {};
    if (/^(paused|rollback_paused|rollback_completed)$/.test(state))
      throw await fail(`service ${state === "paused" ? "update paused" : state.replace("_", " ")}: ${message}`);
    const wanted = found.Spec?.Mode?.Replicated?.Replicas ?? 1;
    const running = await runningSlots(docker, id);
    const complete = running === wanted && !/^(updating|rollback_started)$/.test(state);
    // A task may end at once, so it has to run at two looks.
    if (complete && steady) return;
    steady = complete;
    if (Date.now() >= end) {
      if (running === wanted && state !== "rollback_started") return;
      throw await fail(`did not converge within ${timeout}: ${running} of ${wanted} tasks run`);
    }
    if (Date.now() >= reportAt) {
      reportAt += REPORT_MS;
      const seconds = Math.round((Date.now() - began) / 1000);
      log(`waiting for its tasks: ${running} of ${wanted} run after ${seconds} s`);
    }
    await sleep(Math.min(POLL_MS, first || POLL_MS), undefined, { signal }).catch(() => undefined);
  }
}

const milliseconds = (text: string): number => (parseDuration(text) ?? 0) / 1e6;
