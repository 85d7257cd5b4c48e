import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { type KnownPack, type Pack, readPack } from "../distribution";
import { jdbcDriver as connector } from "../product/mysql";
import { pageCompiler } from "../product/pageCompiler";
import { type Settings, standIn } from "../settings/schema";
import { distributionPath } from "../settings/stackFile";
import { contentHash } from "./contentHash";

/** The directory, relative to the project, of the build contexts of product images: `<hash>/` and `<stack>.json`. */
export const contextsDirectory = "images/apim/context";

/** The files of images/apim that every build context contains besides the pack. */
export const imageFiles = ["Dockerfile", "entrypoint.sh", "healthcheck.sh"] as const;

/** Where the MySQL driver of an image comes from; one from Maven or a file replaces those of the pack. */
export type DriverChoice =
  | { readonly from: "pack"; readonly names: readonly string[] }
  | { readonly from: "maven"; readonly version: string }
  | { readonly from: "file"; readonly file: string };

/** The build context of a stack's product image. */
export interface ProductContext {
  /** A hash of everything in the image, the same on every machine. 12 hexadecimal digits. */
  readonly hash: string;
  /** Its directory relative to the project, which may not exist yet. */
  readonly directory: string;
  readonly pack: Pack;
  readonly driver: DriverChoice;
}

/** What setup records about a stack: the build context that it created, and the pack's fingerprint. */
export interface StagedStack extends KnownPack {
  readonly context: string;
  /** The pack, for programs that use the library: their stacks have no file here. */
  readonly source?: string;
}

/** In place of a stack's name for a pack that other programs use; no stack's name has a dot. */
export function programRecord(distribution: string): string {
  return `program.${contentHash([distribution])}`;
}

/** The settings of another program, as setup prepares its image: with full paths, and under the pack's own record. */
export function programSettings(settings: Settings, base: string): Settings {
  const distribution = path.resolve(base, settings.distribution);
  const { jdbcDriver } = settings;
  return {
    ...settings,
    stack: programRecord(distribution),
    distribution,
    jdbcDriver: jdbcDriver?.endsWith(".jar") ? path.resolve(base, jdbcDriver) : jdbcDriver,
  };
}

/** Whether the image of the stack's nodes is built from its distribution. */
export function buildsProduct(settings: Settings): boolean {
  return settings.distribution !== standIn && settings.image === "";
}

/**
 * The build context of a stack's image. Setup creates its directory; the program only looks it up.
 * @throws when the distribution is not a complete pack, or the driver's file is missing
 */
export async function productContext(projectDirectory: string, settings: Settings): Promise<ProductContext> {
  const known = stagedStack(projectDirectory, settings.stack);
  const pack = await readPack(distributionPath(settings, projectDirectory), known);
  const driver = driverChoice(projectDirectory, settings, pack);
  const files = imageFiles.flatMap((name) => [
    name,
    fs.readFileSync(path.join(projectDirectory, "images", "apim", name)),
  ]);
  const hash = contentHash([pack.fingerprint, driverKey(driver), ...compilerKey(pack), ...files]);
  return { hash, directory: `${contextsDirectory}/${hash}`, pack, driver };
}

/** What setup recorded about the stack; undefined when it has not run. */
export function stagedStack(projectDirectory: string, stack: string): StagedStack | undefined {
  try {
    return JSON.parse(fs.readFileSync(recordFile(projectDirectory, stack), "utf8")) as StagedStack;
  } catch {
    // Missing or truncated: the record only saves work.
    return undefined;
  }
}

/** The file of that record. */
export function recordFile(projectDirectory: string, stack: string): string {
  return path.join(projectDirectory, contextsDirectory, `${stack}.json`);
}

function driverChoice(projectDirectory: string, { jdbcDriver }: Settings, pack: Pack): DriverChoice {
  if (jdbcDriver === undefined && pack.drivers.length > 0) return { from: "pack", names: pack.drivers };
  if (!jdbcDriver?.endsWith(".jar")) return { from: "maven", version: jdbcDriver ?? connector.standardVersion };
  const file = path.resolve(projectDirectory, jdbcDriver);
  if (fs.statSync(file, { throwIfNoEntry: false })?.isFile()) return { from: "file", file };
  throw new Error(
    `jdbcDriver: expected a ${connector.artifact} jar, or a version of it such as ${connector.standardVersion}, found no file ${file}; set wso2-apim:jdbcDriver`,
  );
}

/** Identifies the newer page compiler, where the pack needs one. */
function compilerKey({ oldPageCompiler }: Pack): string[] {
  return oldPageCompiler ? [oldPageCompiler.patched, pageCompiler.replacement.checksum] : [];
}

/** Identifies the driver. A released version never changes, so its jar is not needed. */
function driverKey(driver: DriverChoice): string {
  if (driver.from !== "file") return driver.from === "pack" ? "" : driver.version;
  const content = createHash("sha256").update(fs.readFileSync(driver.file)).digest("hex");
  return `${path.basename(driver.file)} ${content}`;
}
