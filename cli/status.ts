import { parseArgs } from "node:util";
import { stackName, stackOption } from "./project";
import { readStack } from "./stack";
import { certificateStatus, describeCertificate } from "./status/certificate";
import { type ContainerStatus, containerStatuses, isHealthy } from "./status/containers";
import { type DriftSeen, describeDrift, glanceAtDrift, Interrupted, readDrift } from "./status/drift";
import { marks, table } from "./text";

export const help = `Usage: npm run status -- [--stack NAME] [--drift | --no-drift] [--json]

Shows every container of a stack: state, health, how often Docker has started it again, and where it is reached; of one
that is not healthy also why, as far as Docker and its log tell; until when the servers' certificate is good; and what
was removed or changed outside since the last run: containers and their files, networks, volumes, databases, accounts.
That needs the stack's passphrase, and is left out, with a word, where none is at hand or it takes longer than 10 s.
Records nothing. Exit status 1 if a container is not healthy, or something was changed outside; 130 when stopped.

  -s, --stack NAME  default: dev, or APIM_STACK
      --drift       what was changed outside must be looked at, however long it takes: else exit status 1
      --no-drift    does not look at what was changed outside
      --json        the same as JSON`;

export async function run(args: string[]): Promise<number> {
  const flag = { type: "boolean" } as const;
  const { values } = parseArgs({
    args,
    options: { ...stackOption, json: flag, drift: flag, "no-drift": flag },
  });
  const stack = stackName(values.stack);
  const outputs = await readStack(stack, false);
  const looking = values["no-drift"] ? undefined : lookForDrift(stack, values.drift === true);
  // Whoever awaits it reports it.
  looking?.catch(() => {});
  const statuses = await containerStatuses(outputs.topology, stack);
  const healthy = statuses.every(isHealthy);
  const certificate = certificateStatus(outputs.certificateExpires);
  if (!values.json) {
    print(statuses);
    if (certificate) console.log(`${certificate.endsSoon ? marks().failed : " "} ${describeCertificate(certificate)}`);
  }
  // It takes some seconds more.
  const drift = await looking?.catch(orStopped);
  if (drift === "stopped") return 130;
  if (values.json) console.log(JSON.stringify({ healthy, containers: statuses, certificate, ...drift }, null, 2));
  else for (const line of drift ? describeDrift(drift, stack) : []) console.log(`  ${line}`);
  return healthy && !(drift && "drift" in drift && drift.drift.length > 0) ? 0 : 1;
}

function orStopped(error: Error): "stopped" {
  if (error instanceof Interrupted) return "stopped";
  throw error;
}

async function lookForDrift(stack: string, mustLook: boolean): Promise<DriftSeen> {
  return mustLook ? { drift: await readDrift(stack) } : glanceAtDrift((signal) => readDrift(stack, signal));
}

function print(statuses: readonly ContainerStatus[]): void {
  const { ok, failed } = marks();
  const [heading, ...lines] = table([
    ["NAME", "CONTAINER", "STATE", "HEALTH", "RESTARTS", "ADDRESS"],
    ...statuses.map((s) => [s.name, s.container, s.state, s.health, String(s.restarts), s.url]),
  ]).split("\n");
  console.log(`  ${heading}`);
  for (const [i, line] of lines.entries()) {
    const status = statuses[i];
    console.log(`${status && isHealthy(status) ? ok : failed} ${line}`);
  }
  for (const { name, note } of statuses) if (note !== undefined) console.log(`  ${name}: ${note}`);
}
