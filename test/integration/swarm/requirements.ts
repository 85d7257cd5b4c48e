import { spawnSync } from "node:child_process";
import { thisHost } from "../../../cli/setup/host";
import { environment } from "./lab";

/** What the scripts in this folder use, and the Debian package of each. */
const commands = {
  unshare: "util-linux",
  nsenter: "util-linux",
  ip: "iproute2",
  iptables: "iptables",
  dockerd: "docker.io",
  "apt-get": "apt",
  "dpkg-deb": "dpkg",
};

/** Makes everything once whose absence means that this kernel, or a container around this process, does not permit it. */
const trial = `set -e
ip link add lan type bridge
ip link add port type veth peer name eth0
ip link add vxlan type vxlan id 1 dstport 4789
iptables --new-chain TRIAL
mount -t tmpfs tmpfs /run
grep -qw overlay /proc/filesystems`;

/** Why {@link startMachines} can't work on this computer; undefined if it can. */
export function whySwarmTestsAreSkipped(): string | undefined {
  const host = thisHost();
  if (host.platform !== "linux") return "machines for Swarm need Linux";
  if (host.uid !== 0) return "machines for Swarm need root";
  const missing = Object.entries(commands).filter(([command]) => !host.has(command));
  if (missing.length > 0)
    return `machines for Swarm need ${missing.map(([command, name]) => `${command} (package ${name})`).join(", ")}`;
  const args = ["--mount", "--pid", "--net", "--uts", "--fork", "--mount-proc", "sh", "-c", trial];
  const { status, stderr } = spawnSync("unshare", args, { env: environment, encoding: "utf8" });
  return status === 0 ? undefined : `machines for Swarm need namespaces, bridges, vxlan and overlay: ${stderr.trim()}`;
}
