import type Docker from "dockerode";
import { textOfFrames } from "../../engine/providers/docker/logText";
import { errorMessage } from "../../errors";
import { configurationFiles } from "../../product/files";
import { databasePorts } from "../../product/ports";
import type { Node, Topology } from "../../topology";
import type { Check } from "./linkChecks";

/** The other end of a TCP connection. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/**
 * Checks on a node of the product, which reports nothing itself, that it has no connection to a database server other than
 * the deployment's: from the table of TCP connections in its container.
 */
export async function checkOpenDatabases(node: Node, topology: Topology, docker: Docker): Promise<Check> {
  const name = `${node.name} has no database open but the deployment's`;
  const started = Date.now();
  try {
    const hosts = [...new Set(topology.databases.map(({ hostName }) => hostName))];
    const container = docker.getContainer(`${topology.prefix}-${node.name}`);
    const tables = await output(container, ["cat", "/proc/net/tcp", "/proc/net/tcp6"]);
    const resolved = await output(container, ["getent", "ahostsv4", ...hosts]);
    const own = new Set(resolved.split("\n").map((line) => line.split(/\s/)[0] ?? ""));
    const { port } = topology.databaseServer;
    const others = establishedPeers(tables)
      .filter((peer) => peer.port === port || databasePorts.includes(peer.port))
      .filter((peer) => !(peer.port === port && own.has(peer.address)))
      .map((peer) => `${peer.address}:${peer.port}`);
    const ms = Date.now() - started;
    if (others.length === 0) return { name, ok: true, ms };
    const { dataSources, registry, userManagement } = configurationFiles;
    const files = [dataSources, registry, userManagement].map(({ path }) => path).join(", ");
    return {
      name,
      ok: false,
      ms,
      detail: `connected to ${[...new Set(others)].join(", ")}; see ${files} of ${node.name}`,
    };
  } catch (error) {
    const detail = `its connections can't be read: ${errorMessage(error)}; verify needs the Docker engine of the deployment`;
    return { name, ok: false, ms: Date.now() - started, detail };
  }
}

async function output(container: Docker.Container, command: string[]): Promise<string> {
  const exec = await container.exec({ Cmd: command, AttachStdout: true, AttachStderr: false });
  const stream = await exec.start({});
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return textOfFrames(Buffer.concat(chunks));
}

/** The state of an established connection in /proc/net/tcp. */
const established = "01";

/** The other ends of all established connections in the text of /proc/net/tcp and /proc/net/tcp6. */
export function establishedPeers(text: string): Peer[] {
  return text.split("\n").flatMap((line) => {
    const [, , remote = "", state] = line.trim().split(/\s+/);
    const [, address, port] = /^(?:0{16}[fF]{4}0{4}|0{24})?([0-9A-Fa-f]{8}):([0-9A-Fa-f]{4})$/.exec(remote) ?? [];
    if (state !== established || address === undefined || port === undefined) return [];
    return [{ address: ipv4(address), port: Number.parseInt(port, 16) }];
  });
}

/** An IPv4 address as the kernel prints it, e.g. `0100007F`: its bytes are in reverse order. */
function ipv4(text: string): string {
  return [6, 4, 2, 0].map((start) => Number.parseInt(text.slice(start, start + 2), 16)).join(".");
}
