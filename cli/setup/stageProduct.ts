import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { readDistribution } from "../../distribution";
import {
  buildsProduct,
  contextsDirectory,
  type DriverChoice,
  imageFiles,
  type ProductContext,
  productContext,
  recordFile,
  type StagedStack,
  stagedStack,
} from "../../images/productContext";
import { type Settings, standIn } from "../../settings/schema";
import { distributionPath } from "../../settings/stackFile";
import { projectDirectory } from "../project";
import type { Host, Report } from "./host";
import { assertDriver, driverFromMaven, driverJar } from "./jdbcDriver";
import { placePack } from "./placePack";

/** Names of contexts that are being made begin so; the process's id follows. */
const unfinished = ".staging-";
const driverDirectory = "pack/repository/components/lib";

/**
 * Sees that the build context of a stack's product image is there, and removes the one that the stack had before. A
 * stack whose nodes run another image needs none.
 * @param project where Pulumi.yaml is. @default this project
 * @throws when the distribution or the driver is not what an image can be built from
 */
export async function stageProduct(
  settings: Settings,
  host: Host,
  report: Report,
  project = projectDirectory,
): Promise<void> {
  // What the program would refuse is refused before anything is staged, or installed after this.
  if (settings.distribution !== standIn) await readDistribution(distributionPath(settings, project));
  if (buildsProduct(settings)) {
    const context = await productContext(project, settings);
    const { hash, pack } = context;
    // First, so that no other run takes the context for one that nobody has.
    remember(project, settings.stack, { context: hash, signature: pack.signature, fingerprint: pack.fingerprint });
    if (existsSync(join(project, context.directory, "Dockerfile"))) await checkStaged(project, context, settings);
    else await stage(project, context, settings, host, report);
  } else {
    rmSync(recordFile(project, settings.stack), { force: true });
  }
  removeUnusedContexts(project);
}

/** Another stack, with another MySQL server, may have made it. */
async function checkStaged(project: string, { directory, driver }: ProductContext, settings: Settings): Promise<void> {
  const ownServer = settings.databaseHost === "";
  for (const name of driverNames(driver))
    await assertDriver(join(project, directory, driverDirectory, name), { ownServer, shown: `${name} of the image` });
}

function driverNames(driver: DriverChoice): readonly string[] {
  switch (driver.from) {
    case "pack":
      return driver.names;
    case "file":
      return [basename(driver.file)];
    case "maven":
      return [driverJar(driver.version)];
  }
}

/** Made aside and renamed when it is whole: a context that is there is complete. */
async function stage(
  project: string,
  context: ProductContext,
  settings: Settings,
  host: Host,
  report: Report,
): Promise<void> {
  const { pack, hash } = context;
  const started = Date.now();
  const aside = join(project, contextsDirectory, `${unfinished}${process.pid}-${hash}`);
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(aside, { recursive: true });
  try {
    await placePack(pack, join(aside, "pack"));
    await placeDriver(context, aside, settings, host, report);
    for (const name of imageFiles) {
      copyFileSync(join(project, "images", "apim", name), join(aside, name));
      chmodSync(join(aside, name), name.endsWith(".sh") ? 0o755 : 0o644);
    }
    renameSync(aside, join(project, context.directory));
  } catch (error) {
    // Another run may have finished the same one meanwhile.
    if (!existsSync(join(project, context.directory, "Dockerfile"))) throw error;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  report(`Product image: build context of ${pack.source} made in ${seconds} s (${context.directory})`);
}

async function placeDriver(
  { driver, pack }: ProductContext,
  aside: string,
  { databaseHost }: Settings,
  host: Host,
  report: Report,
): Promise<void> {
  const lib = join(aside, driverDirectory);
  const check = (file: string, shown: string) => assertDriver(file, { ownServer: databaseHost === "", shown });
  if (driver.from === "pack") {
    for (const name of driver.names) await check(join(lib, name), `${name} of the pack`);
    report(`JDBC driver: ${driver.names.join(", ")} of the pack goes into the image`);
    return;
  }
  const fetched = join(aside, "driver");
  const file = driver.from === "file" ? driver.file : await driverFromMaven(driver.version, fetched, host, report);
  await check(file, file);
  const instead = pack.drivers.length === 0 ? "" : ` in place of the pack's ${pack.drivers.join(", ")}`;
  report(`JDBC driver: ${file} goes into the image${instead}`);
  // They, and what else the pack has by this name, may be second names of the user's own files: not to be written to.
  for (const name of [...pack.drivers, basename(file)]) rmSync(join(lib, name), { force: true });
  mkdirSync(lib, { recursive: true });
  copyFileSync(file, join(lib, basename(file)));
  chmodSync(join(lib, basename(file)), 0o644);
  rmSync(fetched, { recursive: true, force: true });
}

/** Writes what differs only: most runs change nothing. */
function remember(project: string, stack: string, staged: StagedStack): void {
  if (isDeepStrictEqual(stagedStack(project, stack), staged)) return;
  const file = recordFile(project, stack);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(staged)}\n`);
  renameSync(`${file}.${process.pid}`, file);
}

/** Contexts that no stack has any more, and what runs that were killed left behind. */
export function removeUnusedContexts(project: string): void {
  const directory = join(project, contextsDirectory);
  const names = existsSync(directory) ? readdirSync(directory) : [];
  const used = new Set<string>();
  for (const name of names.filter((one) => one.endsWith(".json"))) {
    const stack = name.slice(0, -".json".length);
    const staged = stagedStack(project, stack);
    if (staged && existsSync(join(project, `Pulumi.${stack}.yaml`))) used.add(staged.context);
    else rmSync(join(directory, name), { force: true });
  }
  for (const name of names) {
    const isUnused = /^[0-9a-f]{12}$/.test(name) && !used.has(name);
    const maker = name.startsWith(unfinished) ? Number.parseInt(name.slice(unfinished.length), 10) : undefined;
    if (isUnused || (maker !== undefined && !isRunning(maker))) {
      rmSync(join(directory, name), { recursive: true, force: true });
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
