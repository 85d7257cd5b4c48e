import { parseArgs } from "node:util";
import { loadSettingsFromStack } from "../plan/settings";
import { buildTopology, type Topology } from "../topology";
import { projectDirectory, stackName, stackOption } from "./project";
import { table } from "./text";

export const help = `Usage: npm run topology -- [--stack NAME] [--json]

Shows the nodes, databases, routes and links that follow from a stack's settings. The stack need not be up.

  -s, --stack NAME  default: dev, or APIM_STACK
      --json        print the topology as JSON`;

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { ...stackOption, json: { type: "boolean" } } });
  const topology = buildTopology(loadSettingsFromStack(projectDirectory, stackName(values.stack)));
  console.log(values.json ? JSON.stringify(topology, null, 2) : describeTopology(topology));
  return 0;
}

/** The topology as tables for a reader. */
export function describeTopology(topology: Topology): string {
  const { nodes, balancer, databaseServer, databases, links, network, publishAddress, managementAddress } = topology;
  return [
    `Network ${network.name}, ${network.subnet}`,
    "",
    table([
      ["NODE", "ADDRESS", "HOST NAME", "OFFSET", "MANAGEMENT", "PUBLISHED AT", "DATABASES", "STARTS AFTER"],
      ...nodes.map((node) => [
        node.name,
        node.address,
        node.hostName,
        String(node.offset),
        String(node.ports.managementHttps),
        node.publishedPort === undefined ? "-" : `${managementAddress}:${node.publishedPort}`,
        node.databases.join(", ") || "-",
        node.startsAfter.join(", ") || "-",
      ]),
      [
        databaseServer.external ? `${databaseServer.name} (yours)` : databaseServer.name,
        databaseServer.external ? databaseServer.endpoint.host : databaseServer.address,
        [...new Set(databases.map(({ hostName }) => hostName))].join(", "),
        "-",
        "-",
        databaseServer.external ? "-" : `${managementAddress}:${databaseServer.publishedPort}`,
        "-",
        "-",
      ],
      [balancer.name, balancer.address, "-", "-", "-", "-", "-", balancer.startsAfter.join(", ")],
      [balancer.files.name, balancer.files.address, "-", "-", "-", "-", "-", balancer.name],
    ]),
    "",
    table([
      ["LOAD BALANCER ROUTE", "HOST NAME", "PUBLISHED AT", "NODES"],
      ...balancer.routes.map((route) => [
        route.name,
        route.host,
        `${publishAddress}:${route.published?.port}`,
        route.targets.map(({ node, port }) => `${node}:${port}`).join(", "),
      ]),
    ]),
    "",
    table([
      ["LINK FROM", "TO", "ADDRESS", "DECIDED BY", "PURPOSE"],
      ...links.map((link) => [
        link.from,
        link.to,
        `${link.protocol}://${link.host}:${link.port}`,
        `${link.file.split("/").at(-1)} ${link.element}`,
        link.why,
      ]),
    ]),
  ].join("\n");
}
