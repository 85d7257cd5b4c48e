import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import Docker from "dockerode";
import { buildsProduct, programSettings } from "../images/productContext";
import { loadSettingsFromStack, parseSettings } from "../plan/settings";
import { plainStackName } from "../settings/field";
import type { Settings } from "../settings/schema";
import { projectDirectory, stackName, stackOption } from "./project";
import { baseImages, ensureBaseImages, jdkBaseImage } from "./setup/baseImages";
import { useDockerAddress } from "./setup/dockerAddress";
import { ensureDockerEngine, probeDocker } from "./setup/dockerEngine";
import { type Report, thisHost, toStderr } from "./setup/host";
import { stageProduct } from "./setup/stageProduct";
import { stageStandin } from "./setup/stageStandin";

/**
 * Provides what this machine needs to run the deployment: a Docker engine, the base images, the build contexts. Changes
 * and reports nothing when all of them exist.
 * @param stack the stack whose product image to prepare; undefined: none
 * @throws with what is missing and the remedy
 */
export async function ensureMachine(stack?: string, report: Report = toStderr): Promise<void> {
  await prepare(stack === undefined ? undefined : settingsOf(stack), report);
}

async function prepare(settings: Settings | undefined, report: Report): Promise<void> {
  const host = thisHost();
  const address = useDockerAddress(report);
  const docker = new Docker();
  // Reports faults in the settings and in the pack before anything is installed.
  if (settings) await stageProduct(settings, host, report);
  await ensureDockerEngine(docker, host, report, address);
  await stageStandin();
  const needsJdk = settings !== undefined && buildsProduct(settings);
  await ensureBaseImages(docker, host, report, needsJdk ? [...baseImages, jdkBaseImage] : baseImages);
}

/**
 * Checks that a Docker engine answers, and creates the build contexts that the program reads. Installs and starts
 * nothing.
 * @param stack the stack whose product image to prepare; undefined: the program does not run
 * @throws when no Docker engine answers
 */
export async function ensureDockerAnswers(stack?: string, report: Report = toStderr): Promise<void> {
  const { host, origin } = useDockerAddress(report);
  const probe = await probeDocker(new Docker(), report);
  if (probe.kind !== "answers") {
    const named = origin ? ` at ${host} (${origin.name})` : "";
    throw new Error(
      `No Docker engine answers${named} (${probe.reason}). Start the engine, or run \`npm run setup\`, which installs one where that is possible.`,
    );
  }
  const settings = stack === undefined ? undefined : settingsOf(stack);
  if (settings) await stageProduct(settings, thisHost(), report);
  await stageStandin();
}

/** @returns undefined for a stack without a file, which has no settings yet */
function settingsOf(stack: string): Settings | undefined {
  const name = plainStackName(stack);
  if (!existsSync(join(projectDirectory, `Pulumi.${name}.yaml`))) return undefined;
  return loadSettingsFromStack(projectDirectory, name);
}

/** The settings of programs of the user's own, as far as the image depends on them. Paths start where the user is. */
function settingsOfPack(distribution: string, driver: string | undefined): Settings {
  const from = process.env.INIT_CWD ?? process.cwd();
  const pack = resolve(from, distribution);
  return programSettings(
    parseSettings({ distribution: pack, ...(driver !== undefined && { jdbcDriver: driver }) }, "dev"),
    from,
  );
}

export const help = `Usage: npm run setup [-- --stack NAME | --distribution PATH]

Prepares this machine: a Docker engine (installed and started on Linux, if the user is root and apt-get exists), the base
images (pulled, or built from Debian packages if no registry can be reached), the stand-in's build context, and, for a
stack with your own distribution, the build context and the JDK of the stack's image.
Running setup again changes nothing.

  -s, --stack NAME         default: dev, or APIM_STACK
      --distribution PATH  prepare the image of a pack for programs of your own that use the components
      --jdbc-driver VALUE  with --distribution: what the program sets as jdbcDriver`;

interface Options {
  readonly stack?: string;
  readonly distribution?: string;
  readonly "jdbc-driver"?: string;
}

function usageFault(positionals: readonly string[], options: Options): string | undefined {
  const { stack, distribution, "jdbc-driver": driver } = options;
  if (positionals.length > 0) return `expected options only, found ${positionals.join(" ")}`;
  if (distribution !== undefined && stack !== undefined)
    return "expected --stack or --distribution, found both; a stack has a distribution in its settings";
  if (distribution === undefined && driver !== undefined)
    return "expected --jdbc-driver with --distribution only; a stack has jdbcDriver in its settings";
  return undefined;
}

/** @returns the exit status */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: { ...stackOption, distribution: { type: "string" }, "jdbc-driver": { type: "string" } },
    allowPositionals: true,
  });
  const { stack, distribution, "jdbc-driver": driver } = values;
  const fault = usageFault(positionals, values);
  if (fault !== undefined) {
    process.stderr.write(`setup: ${fault}\n`);
    return 2;
  }
  // A misspelt name must not be taken for a new stack, which uses the stand-in.
  if (stack !== undefined) loadSettingsFromStack(projectDirectory, plainStackName(stack));
  const started = Date.now();
  if (distribution === undefined) await ensureMachine(stackName(stack));
  else await prepare(settingsOfPack(distribution, driver), toStderr);
  process.stdout.write(`The machine is set up (${((Date.now() - started) / 1000).toFixed(1)} s).\n`);
  return 0;
}
