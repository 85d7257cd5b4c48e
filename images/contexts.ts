import * as fs from "node:fs";
import * as path from "node:path";
import * as docker from "@pulumi/docker";
import { type Settings, standIn } from "../settings";
import { contentHash } from "./contentHash";
import { buildsProduct, productContext } from "./productContext";

/** An image that the program builds from files of the project. */
export type ImageName = "mysql" | "loadbalancer" | "standin";

/** Relative to the project, so that the state does not depend on the project's directory. */
const contextOf: Readonly<Record<ImageName, string>> = {
  mysql: "images/mysql",
  loadbalancer: "images/loadbalancer",
  standin: "images/standin/context",
};

/**
 * An image whose tag is a hash of its build context: as long as no file changes, nothing is built.
 *
 * @throws Error when the build context is missing, with the command that creates it
 */
export function buildImage(projectDirectory: string, name: ImageName): docker.RemoteImage {
  const { tag, context } = imageBuild(projectDirectory, name);
  return new docker.RemoteImage(`${name}-image`, { name: tag, build: { context }, keepLocally: true });
}

/**
 * The image's tag, and its build context relative to the project.
 *
 * @throws Error when the build context is missing, with the command that creates it
 */
export function imageBuild(projectDirectory: string, name: ImageName): { tag: string; context: string } {
  const context = contextOf[name];
  const directory = path.join(projectDirectory, context);
  if (!fs.existsSync(path.join(directory, "Dockerfile"))) {
    throw new Error(
      `${context}/Dockerfile: expected the build context of the ${name} image, found nothing; run: npm run setup`,
    );
  }
  return { tag: `wso2-apim/${name}:${contextHash(directory)}`, context };
}

/**
 * The image of a stack's nodes: the stand-in's, the one set by `image`, or one built from the distribution.
 *
 * @throws Error when the build context is missing, with the command that creates it, or can't be created
 */
export async function nodeImage(projectDirectory: string, settings: Settings): Promise<docker.RemoteImage> {
  if (settings.distribution === standIn) return buildImage(projectDirectory, "standin");
  if (!buildsProduct(settings)) {
    return new docker.RemoteImage("product-image", { name: settings.image, keepLocally: true });
  }
  const { hash, directory } = await productContext(projectDirectory, settings);
  if (!fs.existsSync(path.join(projectDirectory, directory, "Dockerfile"))) {
    throw new Error(
      `${directory}: expected the build context of ${settings.distribution}, found nothing; run: npm run setup -- --stack ${settings.stack}`,
    );
  }
  return new docker.RemoteImage("product-image", {
    name: `wso2-apim/apim:${hash}`,
    build: { context: directory },
    keepLocally: true,
  });
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
