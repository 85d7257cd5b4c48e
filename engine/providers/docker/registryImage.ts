/** docker.RegistryImage pushes an image of the Docker engine to its registry; docker.getRegistryImage finds one there. */

import type { RegistryImageArgs } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import type Docker from "dockerode";
import type { Context, Properties } from "../../provider";
import { isEmpty } from "../../values";
import type { Functions, Kind } from "../kind";
import { bool, type Fields, map, obj, str, unsupported } from "../schema";
import { outputsOf as outputsFrom } from "./api";
import { attemptOrGone, DockerError, withRemedy } from "./error";
import { followProgress } from "./progress";
import { deleteManifest, parseImageName } from "./registry";
import { type Credentials, RegistryAuth } from "./registryAuth";

type Inputs = Unwrap<RegistryImageArgs> & { readonly name: string };

const inPlace = { inPlace: true };
const fields: Fields = {
  name: str({ required: true }),
  keepRemotely: bool({ absent: false, ...inPlace }),
  insecureSkipVerify: bool({ absent: false, ...inPlace }),
  triggers: map(),
  authConfig: obj({ address: str({ required: true }), username: str(), password: str() }, inPlace),
  build: unsupported(),
};

export function registryImageKind(docker: Docker, auth: RegistryAuth): Kind<Inputs> {
  function credentialsFor({ name, authConfig }: Inputs): Credentials {
    const { registry } = parseImageName(name);
    const own = authConfig && new RegistryAuth([{ ...authConfig }]).for(parseAddress(authConfig.address));
    const found = own ?? auth.for(registry);
    if (found) return found;
    throw new DockerError(
      `image ${name}: no credentials for the registry ${registry}; add it to registryAuth of the docker provider ` +
        `(address: "${registry}", with username and password, or authDisabled: true if it needs none)`,
    );
  }

  const digestOf = (inputs: Inputs) => digestInRegistry(docker, inputs.name, credentialsFor(inputs));

  const outputsOf = (digest: string, inputs: Inputs): Properties => ({
    ...outputsFrom(fields, {}, inputs),
    __meta:
      '{"e2bfb730-ecaa-11e6-8f88-34363bc7c4c0":{"create":1200000000000,"delete":1200000000000,"update":1200000000000}}',
    id: digest,
    sha256Digest: digest,
  });

  return {
    type: "docker:index/registryImage:RegistryImage",
    named: true,
    fields,
    secretOutputs: ["authConfig.password"],
    async create(inputs, context) {
      const { name } = inputs;
      const pushed = await push(docker, name, credentialsFor(inputs), context);
      const digest = pushed ?? (await digestOf(inputs));
      if (digest === undefined)
        throw new DockerError(`image ${name}: pushed, but the registry does not have it; push it again`);
      return { id: digest, outputs: outputsOf(digest, inputs) };
    },
    async read({ id, inputs }) {
      if (isEmpty(inputs))
        throw new DockerError(`image ${id}: a RegistryImage can't be imported; let it be pushed again`);
      const digest = await digestOf(inputs);
      return digest === undefined ? undefined : { outputs: { ...outputsOf(digest, inputs), id } };
    },
    async update(existing, news) {
      return { ...outputsOf(String(existing.outputs.sha256Digest ?? existing.id), news), id: existing.id };
    },
    async delete({ inputs, outputs }, { signal }) {
      const { name, keepRemotely, insecureSkipVerify = false } = inputs;
      if (keepRemotely) return;
      const credentials = credentialsFor(inputs);
      await deleteManifest(credentials, parseImageName(name), String(outputs.sha256Digest), insecureSkipVerify, signal);
    },
  };
}

/** docker.getRegistryImage: the digest of an image in its registry. A registry without an entry in registryAuth is open. */
export function registryImageFunctions(docker: Docker, auth: RegistryAuth): Functions {
  return {
    async "docker:index/getRegistryImage:getRegistryImage"(args) {
      const name = String(args.name);
      const digest = await digestInRegistry(docker, name, auth.for(parseImageName(name).registry));
      if (digest === undefined)
        throw new DockerError(`image ${name}: not found in its registry; push it there, or correct its name`);
      return { id: digest, name, sha256Digest: digest };
    },
  };
}

/** @returns undefined if the image is not in its registry */
async function digestInRegistry(docker: Docker, name: string, credentials?: Credentials): Promise<string | undefined> {
  const authconfig = credentials && loginOf(credentials);
  const asked = docker.getImage(name).distribution({ ...(authconfig && { authconfig }) } as object);
  const isMissing = ({ message }: DockerError) => /manifest unknown|name unknown|not found/i.test(message);
  return (await attemptOrGone(`find image ${name} in its registry`, asked, isMissing))?.Descriptor.digest;
}

const parseAddress = (address: string): string => address.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
const loginOf = ({ username, password, url }: Credentials) => ({ username, password, serveraddress: url });

/** @returns the digest; undefined if the Docker engine does not tell it */
async function push(docker: Docker, name: string, credentials: Credentials, context: Context) {
  const { registry, repository, tag } = parseImageName(name);
  const full = `${registry === "registry-1.docker.io" ? "docker.io" : registry}/${repository}`;
  context.log(`pushing ${name}`);
  try {
    const request = { tag, authconfig: loginOf(credentials), abortSignal: context.signal };
    const events = await followProgress(docker, await docker.getImage(full).push(request));
    return [...events].reverse().find(({ aux }) => aux?.Digest !== undefined)?.aux?.Digest;
  } catch (error) {
    throw new DockerError(`push image ${name}: ${withRemedy((error as Error).message.trim())}`);
  }
}
