import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { type KnownPack, type Pack, readPack } from "../distribution";
import { jdbcDriver as connector } from "../product/mysql";
import { type Settings, standIn } from "../settings/schema";
import { distributionPath } from "../settings/stackFile";

/** Where the build contexts of product images are, below the project: `<hash>/` each, and `<stack>.json`. */
export const contextsDirectory = "images/apim/context";

/** What the image holds beside the pack; the contexts are made of them. */
export const imageFiles = ["Dockerfile", "entrypoint.sh", "healthcheck.sh"] as const;

/** The MySQL driver of an image: the pack's own, or one that takes their place. */
export type DriverChoice =
  | { readonly from: "pack"; readonly names: readonly string[] }
  | { readonly from: "maven"; readonly version: string }
  | { readonly from: "file"; readonly file: string };

/** What a stack's product image is made of. */
export interface ProductContext {
  /** Of all that goes into the image; the same on every machine. 12 hexadecimal digits. */
  readonly hash: string;
  /** Its build context below the project, whether or not it is there. */
  readonly directory: string;
  readonly pack: Pack;
  readonly driver: DriverChoice;
}

/** What staging remembers of a stack: the context that it made, and how it knew the pack. */
export interface StagedStack extends KnownPack {
  readonly context: string;
}

/** True when the stack's nodes run an image that is built from its distribution. */
export function buildsProduct(settings: Settings): boolean {
  return settings.distribution !== standIn && settings.image === "";
}

/**
 * From a stack's settings to the build context of its image, for the program, which finds it, and setup, which makes it.
 * @throws when the distribution is not a whole pack, or the driver's file is not there
 */
export async function productContext(projectDirectory: string, settings: Settings): Promise<ProductContext> {
  const known = stagedStack(projectDirectory, settings.stack);
  const pack = await readPack(distributionPath(settings, projectDirectory), known);
  const driver = driverChoice(projectDirectory, settings, pack);
  const hash = createHash("sha256").update(`${pack.fingerprint}\0${driverKey(driver)}\0`);
  for (const name of imageFiles) {
    hash
      .update(`${name}\0`)
      .update(fs.readFileSync(path.join(projectDirectory, "images", "apim", name)))
      .update("\0");
  }
  const digits = hash.digest("hex").slice(0, 12);
  return { hash: digits, directory: `${contextsDirectory}/${digits}`, pack, driver };
}

/** What staging remembers of the stack, if anything. */
export function stagedStack(projectDirectory: string, stack: string): StagedStack | undefined {
  try {
    return JSON.parse(fs.readFileSync(recordFile(projectDirectory, stack), "utf8")) as StagedStack;
  } catch {
    // Not there, or cut off: it only spares work.
    return undefined;
  }
}

/** Where that is kept. */
export function recordFile(projectDirectory: string, stack: string): string {
  return path.join(projectDirectory, contextsDirectory, `${stack}.json`);
}

function driverChoice(projectDirectory: string, { jdbcDriver }: Settings, pack: Pack): DriverChoice {
  if (jdbcDriver === "" && pack.drivers.length > 0) return { from: "pack", names: pack.drivers };
  if (!jdbcDriver.endsWith(".jar")) return { from: "maven", version: jdbcDriver || connector.standardVersion };
  const file = path.resolve(projectDirectory, jdbcDriver);
  if (fs.statSync(file, { throwIfNoEntry: false })?.isFile()) return { from: "file", file };
  throw new Error(
    `jdbcDriver: expected a ${connector.artifact} jar, or a version of it such as ${connector.standardVersion}, found no file ${file}; set wso2-apim:jdbcDriver`,
  );
}

/** A released version never changes, so it is known without its jar. */
function driverKey(driver: DriverChoice): string {
  if (driver.from !== "file") return driver.from === "pack" ? "" : driver.version;
  const content = createHash("sha256").update(fs.readFileSync(driver.file)).digest("hex");
  return `${path.basename(driver.file)} ${content}`;
}
