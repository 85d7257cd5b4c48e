import type Docker from "dockerode";
import type { ImageBuildOptions, ImageInspectInfo } from "dockerode";
import type { Context, Properties } from "../provider";
import { contextTar } from "./buildContext";
import { attempt, attemptOrGone, DockerError } from "./dockerError";
import type { Kind } from "./kind";
import { bool, list, map, num, obj, set, str } from "./schema";
import { flag, isEmpty, number, object, plain, text, textMap, texts } from "./values";

const unsupported = { unsupported: true };
const buildFields = {
  context: str({ required: true }),
  dockerfile: str({ default: "Dockerfile" }),
  buildArgs: map(),
  label: map(),
  labels: map(),
  tags: list(),
  target: str(),
  platform: str(),
  networkMode: str(),
  noCache: bool(),
  pullParent: bool(),
  remove: bool({ default: true }),
  forceRemove: bool(),
  memory: num(),
  shmSize: num(),
  extraHosts: list(),
  buildId: str(),
  builder: str(unsupported),
  cacheFroms: list(unsupported),
  secrets: list(unsupported),
  authConfigs: list(unsupported),
  remoteContext: str(unsupported),
};

/** docker.RemoteImage: an image of this engine if there is one, else built from `build`, else pulled. */
export function imageKind(docker: Docker): Kind {
  const inspect = (name: string) => attemptOrGone(`inspect image ${name}`, () => docker.getImage(name).inspect());
  return {
    type: "docker:index/remoteImage:RemoteImage",
    marksDefaults: true,
    fields: {
      name: str({ required: true }),
      keepLocally: bool({ inPlace: true }),
      forceRemove: bool({ inPlace: true }),
      platform: str(),
      pullTriggers: set(),
      triggers: map(),
      build: obj(buildFields),
    },
    async create(inputs, context) {
      const name = text(inputs, "name") ?? "";
      const build = object(inputs, "build");
      if (build) {
        await buildImage(docker, name, build, context);
      } else if (!(await inspect(name))) {
        await pull(docker, name, inputs, context);
      }
      const image = await inspect(name);
      if (!image) {
        throw new DockerError(`image ${name}: not there after it was ${build ? "built" : "pulled"}; run again`);
      }
      return { id: image.Id + name, outputs: outputsOf(image, inputs) };
    },
    async read(existing) {
      const name = text(existing.inputs, "name") ?? existing.id.replace(/^sha256:[0-9a-f]{64}/, "");
      const image = await inspect(name);
      const inputs = isEmpty(existing.inputs) ? { name } : existing.inputs;
      return image && { inputs, outputs: outputsOf(image, inputs) };
    },
    async update(existing, news) {
      const { keepLocally, forceRemove } = news;
      return { ...existing.outputs, keepLocally: keepLocally ?? null, forceRemove: forceRemove ?? null };
    },
    async delete(existing, context) {
      if (flag(existing.inputs, "keepLocally")) {
        return;
      }
      const name = text(existing.inputs, "name") ?? "";
      const id = text(existing.outputs, "imageId") ?? name;
      // After a replacement the name belongs to the new image already.
      const current = await inspect(name);
      const target = current?.Id === id ? name : id;
      try {
        const force = flag(existing.inputs, "forceRemove") ?? false;
        await attemptOrGone(`delete image ${name}`, () => docker.getImage(target).remove({ force }));
      } catch (error) {
        if (!(error instanceof DockerError) || error.status !== 409) {
          throw error;
        }
        context.log(`image ${name} stays: a container still uses it`);
      }
    },
  };
}

function outputsOf(image: ImageInspectInfo, inputs: Properties): Properties {
  const name = text(inputs, "name") ?? "";
  const repository = name.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
  const build = object(inputs, "build");
  return {
    __meta:
      '{"e2bfb730-ecaa-11e6-8f88-34363bc7c4c0":{"create":1200000000000,"delete":1200000000000,"update":1200000000000}}',
    build: build ? plain(build) : null,
    forceRemove: inputs.forceRemove ?? null,
    id: image.Id + name,
    imageId: image.Id,
    keepLocally: inputs.keepLocally ?? null,
    name,
    platform: inputs.platform ?? null,
    pullTriggers: inputs.pullTriggers ?? null,
    repoDigest: (image.RepoDigests ?? []).find((digest) => digest.startsWith(`${repository}@`)) ?? "",
    triggers: inputs.triggers ?? null,
  };
}

interface Progress {
  readonly stream?: string;
  readonly status?: string;
  readonly error?: string;
}

async function pull(docker: Docker, name: string, inputs: Properties, context: Context): Promise<void> {
  context.log(`pulling ${name}`);
  const platform = text(inputs, "platform");
  try {
    const stream = await docker.pull(name, { ...(platform ? { platform } : {}), abortSignal: context.signal });
    await follow(docker, stream, () => undefined);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new DockerError(
      `image ${name}: not on this Docker engine, and it could not be pulled (${said.trim()}); ` +
        "build it (npm run setup builds this project's own), or load it there (docker load, docker pull)",
    );
  }
}

async function buildImage(docker: Docker, name: string, build: Properties, context: Context): Promise<void> {
  const dockerfile = text(build, "dockerfile") ?? "Dockerfile";
  const [first = name, ...others] = [...new Set([name, ...texts(build, "tags")])];
  const options = {
    dockerfile,
    buildargs: textMap(build, "buildArgs"),
    labels: { ...textMap(build, "label"), ...textMap(build, "labels") },
    target: text(build, "target"),
    platform: text(build, "platform"),
    networkmode: text(build, "networkMode"),
    nocache: flag(build, "noCache"),
    pull: flag(build, "pullParent") ? "true" : undefined,
    rm: flag(build, "remove") ?? true,
    forcerm: flag(build, "forceRemove") ?? true,
    memory: number(build, "memory"),
    shmsize: number(build, "shmSize"),
    extrahosts: texts(build, "extraHosts").join(",") || undefined,
  };
  const tail: string[] = [];
  const record = (event: Progress): void => {
    for (const line of (event.stream ?? "").split("\n").filter((one) => one.trim() !== "")) {
      tail.push(line);
      if (/^Step \d+\/\d+/.test(line)) {
        context.log(line);
      }
    }
    tail.splice(0, tail.length - 20);
  };
  const archive = await contextTar(text(build, "context") ?? ".", dockerfile);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const unreadable = new AbortController();
  archive.once("error", (error) => unreadable.abort(error));
  const abortSignal = AbortSignal.any([context.signal, unreadable.signal]);
  try {
    const request = { ...given, t: first, abortSignal } as ImageBuildOptions;
    await follow(docker, await docker.buildImage(archive as unknown as NodeJS.ReadableStream, request), record);
  } catch (failure) {
    const error = unreadable.signal.aborted ? unreadable.signal.reason : failure;
    const said = error instanceof Error ? error.message : String(error);
    const output = tail.length > 0 ? `\nlast lines of the build:\n  ${tail.join("\n  ")}` : "";
    throw new DockerError(`build image ${name} from ${text(build, "context")}: ${said.trim()}${output}`);
  }
  for (const tag of others) {
    const colon = tag.lastIndexOf(":");
    const [repo, label] = colon > tag.lastIndexOf("/") ? [tag.slice(0, colon), tag.slice(colon + 1)] : [tag, "latest"];
    await attempt(`tag image ${name} as ${tag}`, () => docker.getImage(name).tag({ repo, tag: label }));
  }
}

/** Waits for the end of a stream of progress. @throws the error that the engine says in it, after a status of 200 */
function follow(docker: Docker, stream: NodeJS.ReadableStream, record: (event: Progress) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const finished = (error: Error | null, events: readonly Progress[]): void => {
      const said = (events ?? []).find((event) => event.error !== undefined)?.error;
      error || said !== undefined ? reject(error ?? new Error(said)) : resolve();
    };
    docker.modem.followProgress(stream, finished, record);
  });
}
