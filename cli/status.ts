import { parseArgs } from "node:util";
import { readStack, stackName, stackOption } from "./stack";
import { certificateStatus, describeCertificate } from "./status/certificate";
import { type ContainerStatus, containerStatuses, isHealthy } from "./status/containers";
import { describeDrift, readDrift } from "./status/drift";
import { marks, table } from "./text";

export const help = `Usage: npm run status -- [--stack NAME] [--drift] [--json]

Shows every container of a stack: state, health, how often Docker has started it again, and where it is reached; of one
that is not healthy also why, as far as Docker and its log tell; and until when the servers' certificate is good. Exit
status 1 if a container is not healthy, or something has drifted.

  -s, --stack NAME  default: dev, or APIM_STACK
      --drift       also what was removed or changed outside since the last run: containers and their files, networks,
                    volumes, databases, accounts; needs the stack's passphrase, records nothing
      --json        the same as JSON`;

export async function run(args: string[]): Promise<number> {
  const options = { ...stackOption, json: { type: "boolean" }, drift: { type: "boolean" } } as const;
  const { values } = parseArgs({ args, options });
  const stack = stackName(values.stack);
  const outputs = await readStack(stack, false);
  const statuses = await containerStatuses(outputs.topology, stack);
  const healthy = statuses.every(isHealthy);
  const certificate = certificateStatus(outputs.certificateExpires);
  const drift = values.drift ? await readDrift(stack) : undefined;
  if (values.json) {
    console.log(JSON.stringify({ healthy, containers: statuses, certificate, drift }, null, 2));
  } else {
    print(statuses);
    if (certificate) console.log(`${certificate.endsSoon ? marks().failed : " "} ${describeCertificate(certificate)}`);
    for (const line of drift ? describeDrift(drift, stack) : []) console.log(`  ${line}`);
  }
  return healthy && !drift?.length ? 0 : 1;
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
