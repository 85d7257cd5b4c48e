/** docker.RemoteImage: built from `build`; without it, an image that exists on this Docker engine, or else pulled. */

import * as path from "node:path";
import type { RemoteImageArgs } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import type Docker from "dockerode";
import type { ImageInspectInfo } from "dockerode";
import type { Context, Properties } from "../../provider";
import type { Functions, Kind } from "../kind";
import { bool, each, type Fields, list, map, num, obj, plain, set, str, unsupported } from "../schema";
import { toApi } from "./api";
import { contextTar } from "./buildContext";
import { attempt, attemptOrGone, DockerError, withRemedy } from "./error";
import { followProgress, type Progress } from "./progress";
import { parseImageName } from "./registry";
import type { RegistryAuth } from "./registryAuth";

type Inputs = Unwrap<RemoteImageArgs>;
type Build = NonNullable<Inputs["build"]>;

/** Not sent as it is: part of the request in another form, or not at all. */
const notSent = { api: "" };
const build: Fields = {
  context: str({ ...notSent, required: true }),
  dockerfile: str({ default: "Dockerfile", api: "dockerfile" }),
  buildArgs: map({ api: "buildargs" }),
  label: map(notSent),
  labels: map(notSent),
  tags: list(notSent),
  target: str({ api: "target" }),
  platform: str({ api: "platform" }),
  networkMode: str({ api: "networkmode" }),
  noCache: bool({ api: "nocache" }),
  pullParent: bool({ api: "pull", form: { to: String } }),
  remove: bool({ default: true, api: "rm" }),
  forceRemove: bool({ api: "forcerm", sent: true }),
  memory: num({ api: "memory" }),
  shmSize: num({ api: "shmsize" }),
  extraHosts: list({ api: "extrahosts", form: { to: (hosts: readonly string[]) => hosts.join(",") } }),
  buildId: str(notSent),
  ...each(["builder", "cacheFroms", "secrets", "authConfigs", "remoteContext"], unsupported()),
};
const fields: Fields = {
  name: str({ required: true }),
  keepLocally: bool({ inPlace: true }),
  forceRemove: bool({ inPlace: true }),
  platform: str(),
  pullTriggers: set(),
  triggers: map(),
  build: obj(build),
};

const inspectWith = (docker: Docker) => (name: string) =>
  attemptOrGone(`inspect image ${name}`, docker.getImage(name).inspect());

/** docker.getRemoteImage: an image that exists on this Docker engine; nothing is pulled. */
export function imageFunctions(docker: Docker): Functions {
  return {
    async "docker:index/getRemoteImage:getRemoteImage"(args) {
      const name = String(args.name);
      const image = await inspectWith(docker)(name);
      if (!image) throw new DockerError(`image ${name}: not found on this Docker engine`);
      return { id: image.Id, name, repoDigest: repoDigestOf(image, name) };
    },
  };
}

/**
 * @param dir the directory that relative build contexts start from
 * @param auth for pulls
 */
export function imageKind(docker: Docker, dir: string, auth: RegistryAuth): Kind<Inputs> {
  const inspect = inspectWith(docker);
  return {
    type: "docker:index/remoteImage:RemoteImage",
    fields,
    async create(inputs, context) {
      const { name, build } = inputs;
      if (build) await buildImage(docker, name, { ...build, context: path.resolve(dir, build.context) }, context);
      else if (!(await inspect(name))) await pull(docker, inputs, auth, context);
      const image = await attempt(`image ${name}`, docker.getImage(name).inspect());
      return { id: image.Id + name, outputs: outputsOf(image, inputs) };
    },
    async read({ id, inputs }) {
      const { name = id.replace(/^sha256:[0-9a-f]{64}/, "") } = inputs;
      const image = await inspect(name);
      return image && { inputs: { ...inputs, name }, outputs: outputsOf(image, { ...inputs, name }) };
    },
    async delete({ inputs: { name, keepLocally, forceRemove: force = false }, outputs }, context) {
      if (keepLocally) return;
      // After a replacement, the name refers to the new image.
      const target = (await inspect(name))?.Id === outputs.imageId ? name : String(outputs.imageId ?? name);
      const removed = attemptOrGone(`delete image ${name}`, docker.getImage(target).remove({ force }));
      await removed.catch((error: DockerError) => {
        if (error.status !== 409) throw error;
        context.log(`image ${name} is kept: a container still uses it`);
      });
    },
  };
}

function outputsOf(image: ImageInspectInfo, inputs: Inputs): Properties {
  const { name } = inputs;
  return {
    ...Object.fromEntries(Object.keys(fields).map((key) => [key, null])),
    ...(plain(inputs as unknown as Properties) as Properties),
    __meta:
      '{"e2bfb730-ecaa-11e6-8f88-34363bc7c4c0":{"create":1200000000000,"delete":1200000000000,"update":1200000000000}}',
    id: image.Id + name,
    imageId: image.Id,
    repoDigest: repoDigestOf(image, name),
  };
}

function repoDigestOf({ RepoDigests }: ImageInspectInfo, name: string): string {
  const repository = name.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
  return RepoDigests?.find((digest) => digest.startsWith(`${repository}@`)) ?? "";
}

async function pull(docker: Docker, { name, platform }: Inputs, auth: RegistryAuth, context: Context): Promise<void> {
  context.log(`pulling ${name}`);
  try {
    const found = auth.for(parseImageName(name).registry);
    const authconfig = found && { username: found.username, password: found.password, serveraddress: found.url };
    const request = { ...(platform && { platform }), ...(authconfig && { authconfig }), abortSignal: context.signal };
    const stream = await docker.pull(name, request);
    await followProgress(docker, stream);
  } catch (error) {
    throw new DockerError(
      `image ${name}: not found on this Docker engine, and pulling it failed (${(error as Error).message.trim()}); ` +
        "build it (npm run setup builds this project's own), or load it there (docker load, docker pull)",
    );
  }
}

async function buildImage(docker: Docker, name: string, given: Build, context: Context): Promise<void> {
  const { context: directory, dockerfile = "Dockerfile", tags = [], label, labels } = given;
  const archive = await contextTar(directory, dockerfile);
  const unreadable = new AbortController();
  archive.once("error", (error) => unreadable.abort(error));
  const request = {
    ...toApi(build, given),
    t: [name, ...tags],
    labels: { ...label, ...labels },
    abortSignal: AbortSignal.any([context.signal, unreadable.signal]),
  };
  const tail: string[] = [];
  const record = ({ stream = "" }: Progress): void => {
    const lines = stream.split("\n").filter((line) => line.trim() !== "");
    for (const line of lines) if (/^Step \d+\/\d+/.test(line)) context.log(line);
    tail.push(...lines);
    tail.splice(0, tail.length - 20);
  };
  try {
    const body = archive as unknown as NodeJS.ReadableStream;
    await followProgress(docker, await docker.buildImage(body, request as object), record);
  } catch (failure) {
    const { message } = (unreadable.signal.aborted ? unreadable.signal.reason : failure) as Error;
    const output = tail.length > 0 ? `\nlast lines of the build:\n  ${tail.join("\n  ")}` : "";
    throw new DockerError(`build image ${name} from ${directory}: ${withRemedy(`${message.trim()}${output}`)}`);
  }
}
