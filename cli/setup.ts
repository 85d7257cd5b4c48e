import Docker from "dockerode";
import { ensureBaseImages } from "./setup/baseImages";
import { ensureDockerEngine, probeDocker } from "./setup/dockerEngine";
import { type Report, thisHost } from "./setup/host";
import { stageStandin } from "./setup/stageStandin";

const toStderr: Report = (line) => {
  process.stderr.write(`${line}\n`);
};

/**
 * Sees that this machine can run the deployment: a Docker engine, the base images, the stand-in's build context.
 * Changes nothing, and says nothing, when all is there.
 * @throws one message that says what is missing and how to mend it
 */
export async function ensureMachine(report: Report = toStderr): Promise<void> {
  const host = thisHost();
  const docker = new Docker();
  await ensureDockerEngine(docker, host, report);
  await stageStandin();
  await ensureBaseImages(docker, host, report);
}

/**
 * Sees that a Docker engine answers, and stages the stand-in's build context, which the program reads.
 * @throws when none answers; nothing is installed or started
 */
export async function ensureDockerAnswers(): Promise<void> {
  const probe = await probeDocker(new Docker());
  if (probe.kind !== "answers") {
    throw new Error(
      `No Docker engine answers (${probe.reason}). Start it, or run \`npm run setup\`, which installs one where it can.`,
    );
  }
  await stageStandin();
}

const usage = `Usage: npm run setup

Prepares this machine: a Docker engine (installed and started if this is Linux, root and apt-get is there), the base
images (pulled, or built from Debian packages where no registry can be reached), and the stand-in's build context.
Running it again changes nothing.`;

/** The command \`setup\`. @returns the exit status */
export async function run(args: string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  if (args.length > 0) {
    process.stderr.write(`setup takes no arguments, found: ${args.join(" ")}\n`);
    return 2;
  }
  const started = Date.now();
  await ensureMachine();
  process.stdout.write(`The machine is set up (${((Date.now() - started) / 1000).toFixed(1)} s).\n`);
  return 0;
}
