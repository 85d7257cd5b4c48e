import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import * as docker from "@pulumi/docker";
import { type Settings, standIn } from "../settings";
import { buildsProduct, productContext } from "./productContext";

/** Name of an image that the program builds. */
export type ImageName = "mysql" | "loadbalancer" | "standin";

/** Below the project; relative, so that state is the same wherever the project lies. */
const contextOf: Readonly<Record<ImageName, string>> = {
  mysql: "images/mysql",
  loadbalancer: "images/loadbalancer",
  standin: "images/standin/context",
};

/**
 * An image built from its context, named by the content: unchanged files build nothing.
 *
 * @throws Error when the context is not there, with the command that makes it
 */
export function buildImage(projectDirectory: string, name: ImageName): docker.RemoteImage {
  const { tag, context } = imageBuild(projectDirectory, name);
  return new docker.RemoteImage(`${name}-image`, { name: tag, build: { context }, keepLocally: true });
}

/**
 * The image's name, and below the project what it is built from.
 *
 * @throws Error when the context is not there, with the command that makes it
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
 * The image that the nodes of a stack run: the stand-in's, the one that is named, or one built from the distribution.
 *
 * @throws Error when a build context is not there, with the command that makes it, or can't be made from what there is
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

/** First 12 hexadecimal digits of a SHA-256 over names, modes and contents of a directory's files. */
function contextHash(directory: string): string {
  const hash = createHash("sha256");
  for (const file of filesBelow(directory)) {
    const full = path.join(directory, file);
    const executable = (fs.statSync(full).mode & 0o100) !== 0;
    hash
      .update(`${file}\0${executable ? "x" : "-"}\0`)
      .update(fs.readFileSync(full))
      .update("\0");
  }
  return hash.digest("hex").slice(0, 12);
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
