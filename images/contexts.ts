import * as fs from "node:fs";
import * as path from "node:path";
import { parseImageRegistry } from "../settings/imageRegistry";
import { libraryDirectory } from "../settings/library";
import { type Settings, standIn } from "../settings/schema";
import { contentHash } from "./contentHash";
import { buildsProduct, productContext, programSettings } from "./productContext";

/** An image that the program builds from files of the project. */
export type ImageName = "mysql" | "loadbalancer" | "standin";

/** The build contexts, relative to the project. */
const contextOf: Readonly<Record<ImageName, string>> = {
  mysql: "images/mysql",
  loadbalancer: "images/loadbalancer",
  standin: "images/standin/context",
};

/** Whether this program built the image, whose tag is then a hash of its contents. On a swarm, a registry stands before its name. */
export function isNamedByContents(name: string): boolean {
  return /^(\S+\/)?wso2-apim\/(mysql|loadbalancer|standin|apim):[0-9a-f]{12}$/.test(name);
}

/** An image as plain data: what it is called and, if it is built, from what. */
export interface ImageSource {
  /** Name and tag. The tag of a built image is a hash of its build context: while no file changes, nothing is built. */
  readonly name: string;
  /** The build context, relative to the working directory. @default the image is not built */
  readonly context?: string;
  /** Whether machines of a swarm pull it from a registry, which `name` then names. @default false */
  readonly inRegistry?: boolean;
}

/** The images of a deployment. */
export interface Images {
  readonly node: ImageSource;
  readonly mysql: ImageSource;
  readonly loadBalancer: ImageSource;
}

/**
 * Finds the images of a deployment, or their build contexts.
 *
 * @param directory that relative paths in the settings start from
 * @throws when a build context is missing, with the command that creates it, or can't be created
 */
export async function findImages(settings: Settings, directory: string): Promise<Images> {
  const source = registrySource(settings);
  return {
    node: source(await nodeImage(settings, directory)),
    mysql: source(projectImage("mysql")),
    loadBalancer: source(projectImage("loadbalancer")),
  };
}

/** On a swarm, images that the program builds get the name under which they are pushed. */
function registrySource({ platform, imageRegistry }: Settings): (source: ImageSource) => ImageSource {
  if (platform !== "swarm") return (source) => source;
  const { prefix } = parseImageRegistry(imageRegistry);
  return (source) => ({
    ...source,
    ...(source.context !== undefined && { name: `${prefix}/${source.name}` }),
    inRegistry: true,
  });
}

/**
 * An image that is built from files of the project.
 *
 * @throws when the build context is missing, with the command that creates it
 */
export function projectImage(name: ImageName): ImageSource {
  const context = contextOf[name];
  const directory = path.join(libraryDirectory, context);
  if (!fs.existsSync(path.join(directory, "Dockerfile"))) {
    throw new Error(
      `${context}/Dockerfile: expected the build context of the ${name} image, found nothing; run: npm run setup`,
    );
  }
  return { name: `wso2-apim/${name}:${contextHash(directory)}`, context: fromWorkingDirectory(directory) };
}

/** The image of the nodes: the stand-in's, the one set by `image`, or one built from the distribution. */
async function nodeImage(settings: Settings, base: string): Promise<ImageSource> {
  if (settings.distribution === standIn) return projectImage("standin");
  if (!buildsProduct(settings)) return { name: settings.image };
  const isOfProject = path.resolve(base) === libraryDirectory;
  const own = isOfProject ? settings : programSettings(settings, base);
  const { hash, directory } = await productContext(libraryDirectory, own);
  const context = path.join(libraryDirectory, directory);
  if (!fs.existsSync(path.join(context, "Dockerfile"))) {
    const command = isOfProject ? `npm run setup -- --stack ${settings.stack}` : setupCommand(own);
    throw new Error(
      `${directory}: expected the build context of ${settings.distribution}, found nothing; run: ${command}`,
    );
  }
  return { name: `wso2-apim/apim:${hash}`, context: fromWorkingDirectory(context) };
}

/** The command that prepares the image for another program. */
function setupCommand({ distribution, jdbcDriver }: Settings): string {
  const driver = jdbcDriver === undefined ? "" : ` --jdbc-driver ${jdbcDriver}`;
  return `npm --prefix ${libraryDirectory} run setup -- --distribution ${distribution}${driver}`;
}

/** Relative, so that the state does not depend on where the project's directory is. */
function fromWorkingDirectory(directory: string): string {
  return path.relative(process.cwd(), directory);
}

/** A hash of names, executable bits and contents of a directory's files. */
function contextHash(directory: string): string {
  return contentHash(
    filesBelow(directory).flatMap((file) => {
      const full = path.join(directory, file);
      const executable = (fs.statSync(full).mode & 0o100) !== 0;
      return [file, executable ? "x" : "-", fs.readFileSync(full)];
    }),
  );
}

function filesBelow(directory: string, prefix = ""): string[] {
  return fs
    .readdirSync(path.join(directory, prefix), { withFileTypes: true })
    .flatMap((entry) => {
      const name = path.posix.join(prefix, entry.name);
      return entry.isDirectory() ? filesBelow(directory, name) : [name];
    })
    .sort();
}
