import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import writeFileAtomic from "write-file-atomic";
import { readDistribution } from "../../distribution";
import { isRunning } from "../../engine/backend/processIdentity";
import {
  buildsProduct,
  contextsDirectory,
  type DriverChoice,
  imageFiles,
  type ProductContext,
  productContext,
  programRecord,
  recordFile,
  type StagedStack,
  stagedStack,
} from "../../images/productContext";
import { type Settings, standIn } from "../../settings/schema";
import { distributionPath } from "../../settings/stackFile";
import { projectDirectory } from "../project";
import type { Host, Report } from "./host";
import { assertDriver, driverFromMaven, driverJar } from "./jdbcDriver";
import { placePageCompiler } from "./pageCompiler";
import { placePack } from "./placePack";

/** The prefix of the names of unfinished contexts; the process id follows. */
const unfinished = ".staging-";
const driverDirectory = "pack/repository/components/lib";

/**
 * Creates the build context of a stack's product image if it is missing, and removes contexts that no stack uses any more.
 * A stack whose nodes run another image needs none.
 * @param project the directory of Pulumi.yaml. @default this project
 * @throws when no image can be built from the distribution or the driver
 */
export async function stageProduct(
  settings: Settings,
  host: Host,
  report: Report,
  project = projectDirectory,
): Promise<void> {
  // A distribution that the program would refuse must fail before anything is staged or installed.
  if (settings.distribution !== standIn) await readDistribution(distributionPath(settings, project));
  if (buildsProduct(settings)) {
    const context = await productContext(project, settings);
    const { hash, pack } = context;
    const { signature, fingerprint, source } = pack;
    const isOfProgram = settings.stack === programRecord(settings.distribution);
    // Recorded first, so that no other run removes the context as unused.
    remember(project, settings.stack, { context: hash, signature, fingerprint, ...(isOfProgram && { source }) });
    if (existsSync(join(project, context.directory, "Dockerfile"))) await checkStaged(project, context, settings);
    else await stage(project, context, settings, host, report);
  } else {
    rmSync(recordFile(project, settings.stack), { force: true });
  }
  removeUnusedContexts(project);
}

/** Checks the driver of an existing context: a stack with another MySQL server may have created the context. */
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

/** Creates the context under a temporary name and renames it at the end, so that a context is always complete. */
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
    if (pack.oldPageCompiler)
      await placePageCompiler(pack.oldPageCompiler, join(aside, "pack"), join(aside, "compiler"), host, report);
    for (const name of imageFiles) {
      copyFileSync(join(project, "images", "apim", name), join(aside, name));
      chmodSync(join(aside, name), name.endsWith(".sh") ? 0o755 : 0o644);
    }
    renameSync(aside, join(project, context.directory));
  } catch (error) {
    // Another run may have finished the same context in the meantime.
    if (!existsSync(join(project, context.directory, "Dockerfile"))) throw error;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  report(`Product image: build context of ${pack.source} created in ${seconds} s (${context.directory})`);
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
    report(`JDBC driver: the image uses the pack's ${driver.names.join(", ")}`);
    return;
  }
  const fetched = join(aside, "driver");
  const file = driver.from === "file" ? driver.file : await driverFromMaven(driver.version, fetched, host, report);
  await check(file, file);
  const instead = pack.drivers.length === 0 ? "" : ` instead of the pack's ${pack.drivers.join(", ")}`;
  report(`JDBC driver: the image uses ${file}${instead}`);
  // Files in the context may be hard links to the user's own files, so they are removed, not overwritten.
  for (const name of [...pack.drivers, basename(file)]) rmSync(join(lib, name), { force: true });
  mkdirSync(lib, { recursive: true });
  copyFileSync(file, join(lib, basename(file)));
  chmodSync(join(lib, basename(file)), 0o644);
  rmSync(fetched, { recursive: true, force: true });
}

/** Records which context the stack uses, if that has changed. */
function remember(project: string, stack: string, staged: StagedStack): void {
  if (isDeepStrictEqual(stagedStack(project, stack), staged)) return;
  const file = recordFile(project, stack);
  mkdirSync(dirname(file), { recursive: true });
  writeFileAtomic.sync(file, `${JSON.stringify(staged)}\n`);
}

/**
 * Removes the contexts that nobody uses any more, and the unfinished contexts of runs that were killed. A stack uses its
 * context as long as its file exists; another program, as long as its pack exists.
 */
export function removeUnusedContexts(project: string): void {
  const directory = join(project, contextsDirectory);
  const names = existsSync(directory) ? readdirSync(directory) : [];
  const used = new Set<string>();
  for (const name of names.filter((one) => one.endsWith(".json"))) {
    const stack = name.slice(0, -".json".length);
    const staged = stagedStack(project, stack);
    const owner = staged?.source ?? join(project, `Pulumi.${stack}.yaml`);
    if (staged && existsSync(owner)) used.add(staged.context);
    else rmSync(join(directory, name), { force: true });
  }
  for (const name of names) {
    const isUnused = /^[0-9a-f]{12}$/.test(name) && !used.has(name);
    const creator = name.startsWith(unfinished) ? Number.parseInt(name.slice(unfinished.length), 10) : undefined;
    if (isUnused || (creator !== undefined && !isRunning(creator))) {
      rmSync(join(directory, name), { recursive: true, force: true });
    }
  }
}
