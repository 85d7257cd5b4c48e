import type Docker from "dockerode";
import { errorMessage } from "../../errors";
import type { DockerAddress } from "./dockerAddress";
import { type Host, lastLines, type Report } from "./host";

/** Whether an engine answers, or why not: `absent` (nothing listens), `forbidden` (this user has no access), `failed`. */
export type Probe =
  | { readonly kind: "answers" }
  | { readonly kind: "absent" | "forbidden" | "failed"; readonly reason: string };

/** What to do after a probe. */
export type Decision =
  | { readonly action: "nothing" }
  | { readonly action: "start"; readonly install: boolean; readonly by: "systemd" | "dockerd" }
  | { readonly action: "refuse"; readonly message: string };

const logFile = "/var/log/dockerd.log";
const startLimitSeconds = 60;

const slowSeconds = 5;

/**
 * Asks an engine for an answer.
 *
 * @param report gets one line when the answer takes longer than 5 s
 * @param limitSeconds the time limit
 */
export async function probeDocker(docker: Docker, report: Report, limitSeconds = 60): Promise<Probe> {
  const abortSignal = AbortSignal.timeout(limitSeconds * 1000);
  const waiting = setTimeout(
    () => report(`Docker engine: no answer for ${slowSeconds} s, waiting for at most ${limitSeconds} s`),
    slowSeconds * 1000,
  );
  try {
    // @types/dockerode lacks the option.
    const { ping } = docker as unknown as { ping(options: { abortSignal: AbortSignal }): Promise<unknown> };
    await ping.call(docker, { abortSignal });
    return { kind: "answers" };
  } catch (error) {
    if (abortSignal.aborted) return { kind: "failed", reason: `no answer within ${limitSeconds} s` };
    const { code } = error as { code?: string };
    const reason = errorMessage(error);
    if (code === "EACCES" || code === "EPERM") return { kind: "forbidden", reason };
    if (code === "ENOENT" || code === "ECONNREFUSED") return { kind: "absent", reason };
    return { kind: "failed", reason };
  } finally {
    clearTimeout(waiting);
  }
}

/**
 * Decides from a probe what to do; changes nothing.
 * @param address the engine: one that the user names is never replaced by another one
 */
export function decide(probe: Probe, host: Host, address: DockerAddress): Decision {
  if (probe.kind === "answers") return { action: "nothing" };
  const refuse = (remedy: string): Decision => ({
    action: "refuse",
    message: `No Docker engine answers (${probe.reason}). ${remedy}`,
  });
  if (address.origin) {
    const { name, remedy } = address.origin;
    return refuse(`${name} names ${address.host}: start that engine, or ${remedy}.`);
  }
  if (probe.kind === "forbidden") {
    return refuse("This user has no access to the engine: run `sudo usermod -aG docker $USER` and log in again.");
  }
  if (probe.kind === "failed") {
    return refuse("The engine exists but fails: `docker info` shows why; `systemctl restart docker` may repair it.");
  }
  if (host.platform !== "linux") {
    return refuse("Start Docker Desktop, or install it from https://docs.docker.com/get-docker/.");
  }
  const installed = host.has("dockerd");
  const underSystemd = host.exists("/run/systemd/system");
  if (host.uid !== 0) {
    const start = underSystemd ? "sudo systemctl start docker" : "sudo dockerd";
    return refuse(
      installed
        ? `Start the engine: \`${start}\`.`
        : "Install an engine: `sudo apt-get install docker.io`, or see https://docs.docker.com/engine/install/.",
    );
  }
  if (!installed && !host.has("apt-get")) {
    return refuse("Install an engine: see https://docs.docker.com/engine/install/, then run the command again.");
  }
  return { action: "start", install: !installed, by: underSystemd ? "systemd" : "dockerd" };
}

/** Installs Debian packages. @throws with apt's last lines and the command to run by hand */
export async function installPackages(host: Host, packages: readonly string[], report: Report): Promise<void> {
  report(`apt-get: installing ${packages.join(", ")}`);
  const install = ["install", "-y", "--no-install-recommends", ...packages];
  for (const args of [["update"], install]) {
    const { status, output } = await host.run("apt-get", args);
    // The update fails if only one source is unreachable; the packages may come from another source.
    if (status === 0 || args[0] === "update") continue;
    throw new Error(
      `apt-get could not install ${packages.join(", ")} (status ${status}). ` +
        `Run \`apt-get update && apt-get ${install.join(" ")}\` and fix what it reports:\n${lastLines(output)}`,
    );
  }
}

/**
 * Checks that a Docker engine answers; on Linux, as root, installs and starts an engine if necessary.
 * @throws with what is missing and the command that repairs it
 */
export async function ensureDockerEngine(
  docker: Docker,
  host: Host,
  report: Report,
  address: DockerAddress,
): Promise<void> {
  const decision = decide(await probeDocker(docker, report), host, address);
  if (decision.action === "nothing") return;
  if (decision.action === "refuse") throw new Error(decision.message);
  if (decision.install) {
    await installPackages(host, ["docker.io", "iptables"], report);
    // The package may have started the engine itself.
    if ((await probeDocker(docker, report)).kind === "answers") return;
  }
  await startEngine(docker, host, decision.by, report);
}

async function startEngine(docker: Docker, host: Host, by: "systemd" | "dockerd", report: Report): Promise<void> {
  const ownLog = by === "systemd" ? "`journalctl -u docker`" : logFile;
  report(`Docker engine: starting (${by === "systemd" ? "systemctl start docker" : `dockerd, log in ${logFile}`})`);
  let ended: () => string | undefined = () => undefined;
  if (by === "systemd") {
    const { status, output } = await host.run("systemctl", ["start", "docker"]);
    if (status !== 0) throw new Error(`\`systemctl start docker\` failed; see ${ownLog}:\n${lastLines(output)}`);
  } else {
    ended = host.startInBackground("dockerd", [], logFile).ended;
  }
  let probe = await probeDocker(docker, report);
  for (let waited = 0; probe.kind !== "answers"; waited += 0.5) {
    const end = ended();
    if (end !== undefined) {
      throw new Error(`dockerd ${end}; the last lines of ${logFile}:\n${lastLines(host.readText(logFile))}`);
    }
    if (waited >= startLimitSeconds) {
      throw new Error(
        `The Docker engine was started but did not answer within ${startLimitSeconds} s (${probe.reason}); see ${ownLog}.`,
      );
    }
    await host.sleep(500);
    probe = await probeDocker(docker, report);
  }
}
