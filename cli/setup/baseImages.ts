import type Docker from "dockerode";
import { baseImage as mysql } from "../../product/mysql";
import { buildWithDebootstrap, type DebianImage, splitTag } from "./debootstrap";
import type { Host, Report } from "./host";

/** An image that ours are built on. */
export interface BaseImage {
  /** The tag that our Dockerfiles name in FROM. */
  readonly tag: string;
  /** The public image that serves, where a registry can be reached. */
  readonly published: string;
  /** How to make one here otherwise. */
  readonly local: DebianImage;
}

/** What every stack's images are built on. */
export const baseImages: readonly BaseImage[] = [
  {
    tag: "wso2-apim/base-debian:bookworm",
    published: "debian:bookworm-slim",
    local: { suite: "bookworm", include: ["ca-certificates"] },
  },
  { tag: mysql.tag, published: mysql.published, local: mysql.debian },
];

/** What an image of the product is built on. */
export const jdkBaseImage: BaseImage = {
  tag: "wso2-apim/base-jdk:8",
  published: "eclipse-temurin:8-jdk-jammy",
  // Debian's stable releases have no Java 8, which is the newest that the product runs on. It draws texts as images.
  local: { suite: "sid", include: ["openjdk-8-jdk-headless", "fontconfig", "fonts-dejavu-core", "ca-certificates"] },
};

/** A registry that does not even answer with the image's manifest within this is taken as out of reach. */
const answerLimitMilliseconds = 5000;
/** A pull that has begun may take long, but must move. */
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

/** Pulls and tags; @returns false when no registry gives the image. */
async function pull(docker: Docker, image: BaseImage): Promise<boolean> {
  const abort = new AbortController();
  let timer = setTimeout(() => abort.abort(), answerLimitMilliseconds);
  const moved = () => {
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(), idleLimitMilliseconds);
  };
  try {
    const stream = await docker.pull(image.published, { abortSignal: abort.signal });
    // An abort ends the HTTP request but not a stream that is already open.
    abort.signal.addEventListener("abort", () => (stream as NodeJS.ReadableStream & { destroy(): void }).destroy());
    await new Promise<void>((resolve, reject) => {
      stream.on("close", () => reject(new Error("the pull was cut off")));
      docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()), moved);
    });
    const [repo, tag] = splitTag(image.tag);
    await docker.getImage(image.published).tag({ repo, tag });
    return true;
  } catch {
    // Whatever the registry's reason, building it here is the answer.
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Sees that base images are there: as they are, pulled, or built from Debian packages (about a minute).
 * @throws when one can neither be pulled nor built here, with the command that would mend it
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
  report(`Base images: asking the registry for ${missing.map(({ published }) => published).join(" and ")}`);
  const pulled = await Promise.all(missing.map((image) => pull(docker, image)));
  const unavailable = missing.filter((_, index) => !pulled[index]);
  if (unavailable.length === 0) return;
  const names = unavailable.map(({ published }) => published).join(" and ");
  if (host.platform !== "linux" || host.uid !== 0 || !(host.has("debootstrap") || host.has("apt-get"))) {
    const commands = unavailable.map(
      ({ published, tag }) => `docker pull ${published} && docker tag ${published} ${tag}`,
    );
    throw new Error(
      `The registry gives no ${names}, and building them here needs root on a Debian or Ubuntu. ` +
        `Where a registry can be reached, run \`${commands.join(" && ")}\`.`,
    );
  }
  report(`Base images: no registry gives ${names}; building from Debian packages, once; this takes a minute or two`);
  await buildWithDebootstrap(docker, host, unavailable, report);
}
