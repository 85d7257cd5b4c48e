import type Docker from "dockerode";
import { baseImage as mysql } from "../../product/mysql";
import { buildWithDebootstrap, type DebianImage, splitTag } from "./debootstrap";
import type { Host, Report } from "./host";

/** An image that this project's images are built on. */
export interface BaseImage {
  /** The tag that the Dockerfiles name in FROM. */
  readonly tag: string;
  /** The public image, used if a registry can be reached. */
  readonly published: string;
  /** The image to build here, if no registry can be reached. */
  readonly local: DebianImage;
}

/** The base images of every stack. */
export const baseImages: readonly BaseImage[] = [
  {
    tag: "wso2-apim/base-debian:bookworm",
    published: "debian:bookworm-slim",
    local: { suite: "bookworm", include: ["ca-certificates"] },
  },
  { tag: mysql.tag, published: mysql.published, local: mysql.debian },
];

/** The base image of the product. */
export const jdkBaseImage: BaseImage = {
  tag: "wso2-apim/base-jdk:8",
  published: "eclipse-temurin:8-jdk-jammy",
  // The product runs on Java 8 at most, which Debian's stable releases lack. The product draws texts as images.
  local: { suite: "sid", include: ["openjdk-8-jdk-headless", "fontconfig", "fonts-dejavu-core", "ca-certificates"] },
};

/** A registry that does not send the image's manifest within this time counts as unreachable. */
const answerLimitMilliseconds = 5000;
/** A pull may take long, but must make progress within this time. */
const idleLimitMilliseconds = 60_000;

async function isPresent(docker: Docker, tag: string): Promise<boolean> {
  try {
    await docker.getImage(tag).inspect();
    return true;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return false;
    throw error;
  }
}

/** Pulls and tags the image. @returns false when that fails for any reason */
async function pull(docker: Docker, image: BaseImage): Promise<boolean> {
  const abort = new AbortController();
  let timer = setTimeout(() => abort.abort(), answerLimitMilliseconds);
  const progressed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(), idleLimitMilliseconds);
  };
  try {
    const stream = await docker.pull(image.published, { abortSignal: abort.signal });
    // An abort ends the HTTP request but not a stream that is already open.
    abort.signal.addEventListener("abort", () => (stream as NodeJS.ReadableStream & { destroy(): void }).destroy());
    await new Promise<void>((resolve, reject) => {
      stream.on("close", () => reject(new Error("the pull was cut off")));
      docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()), progressed);
    });
    const [repo, tag] = splitTag(image.tag);
    await docker.getImage(image.published).tag({ repo, tag });
    return true;
  } catch {
    // Whatever the reason, the image can still be built here.
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Pulls missing base images, or builds them from Debian packages (about a minute).
 * @throws when an image can be neither pulled nor built here, with the command to pull it elsewhere
 */
export async function ensureBaseImages(
  docker: Docker,
  host: Host,
  report: Report,
  images: readonly BaseImage[],
): Promise<void> {
  const presence = await Promise.all(images.map((image) => isPresent(docker, image.tag)));
  const missing = images.filter((_, index) => !presence[index]);
  if (missing.length === 0) return;
  report(`Base images: pulling ${missing.map(({ published }) => published).join(" and ")}`);
  const pulled = await Promise.all(missing.map((image) => pull(docker, image)));
  const unavailable = missing.filter((_, index) => !pulled[index]);
  if (unavailable.length === 0) return;
  const names = unavailable.map(({ published }) => published).join(" and ");
  if (host.platform !== "linux" || host.uid !== 0 || !(host.has("debootstrap") || host.has("apt-get"))) {
    const commands = unavailable.map(
      ({ published, tag }) => `docker pull ${published} && docker tag ${published} ${tag}`,
    );
    throw new Error(
      `Base images: could not pull ${names}, and building them here needs root on Debian or Ubuntu. ` +
        `When a registry can be reached, run \`${commands.join(" && ")}\`.`,
    );
  }
  report(`Base images: could not pull ${names}; building from Debian packages, once; this takes a minute or two`);
  await buildWithDebootstrap(docker, host, unavailable, report);
}
