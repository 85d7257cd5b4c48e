import { setTimeout as sleep } from "node:timers/promises";
import type { Container, ContainerInspectInfo } from "dockerode";
import type { Context } from "../../provider";
import { withoutSecrets } from "./containerSecrets";
import type { Inputs } from "./containerTable";
import { attempt } from "./error";
import { logText } from "./logText";

const POLL_MS = 100;
const REPORT_MS = 15_000;
/** A container that its restart policy has restarted so often will not become healthy. */
const MAX_RESTARTS = 5;

/**
 * Waits until Docker's health check reports `healthy`.
 * @throws with the state and the last 20 log lines if the container ends, is unhealthy or has no health check, or after
 *   `waitTimeout` seconds
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
    // Docker also reports a container that is about to restart as unhealthy, so one report is not enough.
    unhealthy = health === "unhealthy" && !found.State.Restarting ? unhealthy + 1 : 0;
    const timeout = waited >= seconds * 1000 ? `was not healthy within ${seconds} s` : undefined;
    const problem = problemOf(found) ?? (unhealthy > 1 ? "is unhealthy" : timeout);
    if (problem !== undefined) throw new Error(await describe(container, found, inputs, problem));
    if (signal.aborted) throw new Error("interrupted while waiting for it to become healthy");
    if (Date.now() >= reportAt) {
      reportAt += REPORT_MS;
      log(`waiting for it to become healthy: ${health ?? found.State.Status} after ${Math.round(waited / 1000)} s`);
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

function problemOf({ State: state, RestartCount: restarts }: ContainerInspectInfo): string | undefined {
  const killed = state.OOMKilled ? " (killed: out of memory; raise its memory)" : "";
  if (!state.Running && !state.Restarting) return `ended with exit code ${state.ExitCode}${killed} while waiting`;
  if (restarts >= MAX_RESTARTS)
    return `keeps ending with exit code ${state.ExitCode}: its restart policy has restarted it ${restarts} times`;
  if (!state.Health && !state.Restarting)
    return "has no health check, which wait: true requires; set healthcheck, or remove wait";
  return undefined;
}

async function describe(container: Container, found: ContainerInspectInfo, inputs: Inputs, problem: string) {
  const restarts = found.RestartCount > 0 ? `, restarted ${found.RestartCount} times` : "";
  const check = found.State.Health?.Log?.at(-1);
  const logs = (await logText(container, { tail: 20 }, inputs.tty ?? false).catch(() => "")).trim();
  const lines = [
    problem,
    `state: ${found.State.Status}${restarts}`,
    ...(check ? [`last health check: exit code ${check.ExitCode}: ${check.Output.trim().slice(-500)}`] : []),
    logs === "" ? "its log is empty" : `last lines of its log:\n    ${logs.replaceAll("\n", "\n    ")}`,
  ];
  return withoutSecrets(lines.join("\n  "), inputs);
}
