import { parseArgs } from "node:util";
import { deployedStack, readResources } from "./deployedStack";
import { stackName, stackOption } from "./project";
import { useDockerAddress } from "./setup/dockerAddress";
import { certificateStatus, describeCertificate } from "./status/certificate";
import { allStopped, containerStatuses, containersIn, isHealthy } from "./status/containers";
import { type DriftResult, describeDrift, Interrupted, readDrift, tryReadDrift } from "./status/drift";
import type { ContainerStatus } from "./status/serverStatus";
import { marks, table } from "./text";

export const help = `Usage: npm run status -- [--stack NAME] [--drift | --no-drift] [--json]

Shows every container of a stack: state, health, restarts by Docker, and address; why a container is not healthy, as far
as Docker and the container's log show it; when the servers' certificate expires; and drift, which is what was removed or
changed outside this program since the last run: containers and their files, networks, volumes, databases, accounts.
Drift is skipped, with the reason, if the stack's passphrase is missing or the check takes longer than 10 s.
Records nothing. Exit status 1 if a container is not healthy or there is drift; 130 when stopped.

  -s, --stack NAME  default: dev, or APIM_STACK
      --drift       wait for the drift check as long as it takes; exit with status 1 if it fails
      --no-drift    skip the drift check
      --json        print JSON`;

export async function run(args: string[]): Promise<number> {
  const flag = { type: "boolean" } as const;
  const { values } = parseArgs({
    args,
    options: { ...stackOption, json: flag, drift: flag, "no-drift": flag },
  });
  const stack = stackName(values.stack);
  const resources = (await readResources(stack, false)) ?? [];
  const outputs = deployedStack(resources, stack);
  useDockerAddress();
  const drifting = values["no-drift"] ? undefined : checkDrift(stack, values.drift === true);
  // An early rejection is reported where the promise is awaited, below.
  drifting?.catch(() => {});
  const statuses = await containerStatuses(outputs.topology, stack, containersIn(resources));
  const healthy = statuses.every(isHealthy);
  const certificate = certificateStatus(outputs.certificateExpires);
  if (!values.json) {
    print(statuses);
    if (certificate) console.log(`${certificate.endsSoon ? marks().failed : " "} ${describeCertificate(certificate)}`);
  }
  const drift = await drifting?.catch(stoppedOrThrow);
  if (drift === "stopped") return 130;
  if (values.json) console.log(JSON.stringify({ healthy, containers: statuses, certificate, ...drift }, null, 2));
  else for (const line of drift ? describeDrift(drift, stack) : []) console.log(`  ${line}`);
  return healthy && !(drift && "drift" in drift && drift.drift.length > 0) ? 0 : 1;
}

function stoppedOrThrow(error: unknown): "stopped" {
  if (error instanceof Interrupted) return "stopped";
  throw error;
}

async function checkDrift(stack: string, required: boolean): Promise<DriftResult> {
  return required ? { drift: await readDrift(stack) } : tryReadDrift((signal) => readDrift(stack, signal));
}

const columns = ["STATE", "HEALTH", "RESTARTS", "ADDRESS"];

function print(statuses: readonly ContainerStatus[]): void {
  const { ok, failed } = marks();
  const onMachines = statuses.some(({ machine }) => machine !== undefined);
  const [heading, ...lines] = table([
    ["NAME", onMachines ? "SERVICE" : "CONTAINER", ...(onMachines ? ["MACHINE"] : []), ...columns],
    ...statuses.map(({ name, container, machine = "-", state, health, restarts, url }) => [
      ...[name, container, ...(onMachines ? [machine] : []), state, health, String(restarts), url],
    ]),
  ]).split("\n");
  console.log(`  ${heading}`);
  for (const [i, line] of lines.entries()) {
    const status = statuses[i];
    console.log(`${status && isHealthy(status) ? ok : failed} ${line}`);
  }
  const stopped = allStopped(statuses);
  if (stopped !== undefined) console.log(`  ${stopped}`);
  else for (const { name, note } of statuses) if (note !== undefined) console.log(`  ${name}: ${note}`);
}
