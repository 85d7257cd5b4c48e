import { parseReportArguments, readStack, stackName } from "./stack";
import { certificateStatus, describeCertificate } from "./status/certificate";
import { type ContainerStatus, containerStatuses, isHealthy } from "./status/containers";
import { marks, table } from "./text";

const help = `Usage: npm run status -- [--stack NAME] [--json]

Shows every container of a stack: state, health, how often Docker has started it again, and where it is reached; of one
that is not healthy also why, as far as Docker and its log tell; and until when the servers' certificate is good. Exit
status 1 if a container is not healthy.

  -s, --stack NAME  default: dev, or APIM_STACK
      --json        the same as JSON`;

export async function run(args: string[]): Promise<number> {
  const options = parseReportArguments(args, help);
  if (!options) return 0;
  const outputs = await readStack(options.stack, false);
  const statuses = await containerStatuses(outputs, stackName(options.stack));
  const healthy = statuses.every(isHealthy);
  const certificate = certificateStatus(outputs.certificateExpires);
  if (options.json) {
    console.log(JSON.stringify({ healthy, containers: statuses, certificate }, null, 2));
    return healthy ? 0 : 1;
  }
  print(statuses);
  if (certificate) console.log(`${certificate.endsSoon ? marks().failed : " "} ${describeCertificate(certificate)}`);
  return healthy ? 0 : 1;
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
