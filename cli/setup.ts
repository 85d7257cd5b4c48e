import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Docker from "dockerode";
import { buildsProduct } from "../images/productContext";
import { loadSettingsFromStack } from "../plan/settings";
import { plainStackName } from "../settings/field";
import type { Settings } from "../settings/schema";
import { projectDirectory, stackName, stackOption } from "./project";
import { baseImages, ensureBaseImages, jdkBaseImage } from "./setup/baseImages";
import { ensureDockerEngine, probeDocker } from "./setup/dockerEngine";
import { type Report, thisHost } from "./setup/host";
import { stageProduct } from "./setup/stageProduct";
import { stageStandin } from "./setup/stageStandin";

const toStderr: Report = (line) => {
  process.stderr.write(`${line}\n`);
};

/**
 * Sees that this machine can run the deployment: a Docker engine, the base images, the build contexts. Changes nothing,
 * and says nothing, when all is there.
 * @param stack the one to prepare for, unless the product is not needed at all
 * @throws one message that says what is missing and how to mend it
 */
export async function ensureMachine(stack?: string, report: Report = toStderr): Promise<void> {
  const settings = stack === undefined ? undefined : settingsOf(stack);
  const host = thisHost();
  const docker = new Docker();
  // Faults in the settings and in the pack are told before anything is installed.
  if (settings) await stageProduct(settings, host, report);
  await ensureDockerEngine(docker, host, report);
  await stageStandin();
  const needsJdk = settings !== undefined && buildsProduct(settings);
  await ensureBaseImages(docker, host, report, needsJdk ? [...baseImages, jdkBaseImage] : baseImages);
}

/**
 * Sees that a Docker engine answers, and makes the build contexts, which the program reads.
 * @param stack the one whose product image needs one; undefined: the program does not run
 * @throws when none answers; nothing is installed or started
 */
export async function ensureDockerAnswers(stack?: string, report: Report = toStderr): Promise<void> {
  const probe = await probeDocker(new Docker());
  if (probe.kind !== "answers") {
    throw new Error(
      `No Docker engine answers (${probe.reason}). Start it, or run \`npm run setup\`, which installs one where it can.`,
    );
  }
  const settings = stack === undefined ? undefined : settingsOf(stack);
  if (settings) await stageProduct(settings, thisHost(), report);
  await stageStandin();
}

/** A stack that nothing has been set for yet has no file. */
function settingsOf(stack: string): Settings | undefined {
  const name = plainStackName(stack);
  if (!existsSync(join(projectDirectory, `Pulumi.${name}.yaml`))) return undefined;
  return loadSettingsFromStack(projectDirectory, name);
}

export const help = `Usage: npm run setup [-- --stack NAME]

Prepares this machine: a Docker engine (installed and started if this is Linux, root and apt-get is there), the base
images (pulled, or built from Debian packages where no registry can be reached), the stand-in's build context, and, for
a stack with a distribution of your own, the build context and the JDK that its image is made of.
Running it again changes nothing.

  -s, --stack NAME  default: dev, or APIM_STACK`;

/** The command \`setup\`. @returns the exit status */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: stackOption, allowPositionals: true });
  if (positionals.length > 0) {
    process.stderr.write(`setup takes no arguments but --stack, found: ${positionals.join(" ")}\n`);
    return 2;
  }
  // A name that was misspelt must not pass for a stack of the stand-in.
  if (values.stack !== undefined) loadSettingsFromStack(projectDirectory, plainStackName(values.stack));
  const started = Date.now();
  await ensureMachine(stackName(values.stack));
  process.stdout.write(`The machine is set up (${((Date.now() - started) / 1000).toFixed(1)} s).\n`);
  return 0;
}
