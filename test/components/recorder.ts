import assert from "node:assert/strict";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import { issueCertificate, makeAuthority } from "../../certificates/authority";

/** One resource as it was registered. */
export interface Registration {
  readonly name: string;
  readonly type: string;
  readonly urn: string;
  readonly parent: string;
  // biome-ignore lint/suspicious/noExplicitAny: inputs are whatever the resource takes; tests assert on them
  readonly inputs: Record<string, any>;
  readonly dependencies: readonly string[];
  readonly deletedWith: string;
  readonly retainOnDelete: boolean;
  readonly deleteBeforeReplace: boolean;
  readonly secretOutputs: readonly string[];
  readonly ignoreChanges: readonly string[];
  readonly provider: string;
}

/** All registrations of one run, and what the program returned. */
export interface Recording<Outputs = Record<string, unknown>> {
  readonly all: readonly Registration[];
  readonly outputs: Outputs;
  /** The resource with this name whose type has this ending. @throws Error if there is none */
  get(name: string, type?: string): Registration;
}

export interface RecordOptions {
  /** @default false */
  readonly preview?: boolean;
  /** The stack's configuration, without namespace. @default none */
  readonly configuration?: Readonly<Record<string, string>>;
  /** What begins the names of resources and is left out of the recording. @default nothing */
  readonly prefix?: string;
  /** Whether the Docker engine has every image. @default false */
  readonly imagesExist?: boolean;
}

type Monitor = { registerResource(request: RegisterResourceRequest, callback: unknown): Promise<void> };

/** Runs index.ts itself. */
export function runProgram(configuration: Record<string, string> = {}, preview = false): Promise<Recording> {
  const build = async () => {
    const program = (await import(path.join(__dirname, "../../index"))) as { default: () => Promise<unknown> };
    return (await program.default()) as Record<string, unknown>;
  };
  return record(build, { preview, configuration, prefix: "apim-" });
}

/** Runs a function that constructs resources, against mocks that answer as the providers would. */
export async function record<Outputs>(
  build: () => Outputs | Promise<Outputs>,
  { preview = false, configuration = {}, prefix = "", imagesExist = false }: RecordOptions = {},
): Promise<Recording<Outputs>> {
  const all: Registration[] = [];
  const inputs = new Map<string, Record<string, unknown>>();
  const nameOf = (urn: string) => {
    const name = (urn.split("::").at(-1) ?? "").replace(/-image-[0-9a-f]{12}$/, "-image");
    return name.startsWith(prefix) ? name.slice(prefix.length) : name;
  };
  await makeServerCertificate();
  await pulumi.runtime.setMocks(
    {
      call: ({ token, inputs }) => {
        // Of no known subnet, so that the networks of the test's machine do not matter.
        if (token === "docker:index/getNetwork:getNetwork") return { ...inputs, ipamConfigs: [] };
        if (token === "docker:index/getRegistryImage:getRegistryImage")
          return { ...inputs, sha256Digest: "sha256:found" };
        assert.equal(token, "docker:index/getRemoteImage:getRemoteImage");
        if (!imagesExist) throw new Error(`did not find docker image '${inputs.name}'`);
        return { ...inputs, id: "sha256:existing", repoDigest: "" };
      },
      newResource: ({ name, type, inputs: given }) => {
        inputs.set(`${type} ${name}`, given);
        return {
          id: preview ? undefined : `${name}-id`,
          state: { ...given, ...(preview ? {} : computed(type, nameOf(name))) },
        };
      },
    },
    "wso2-apim",
    "dev",
    preview,
  );
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = async (request, callback) => {
    await register(request, callback);
    const [name, type] = [request.getName(), request.getType()];
    all.push({
      name: nameOf(name),
      type,
      parent: nameOf(request.getParent()),
      urn: `${type}::${name}`,
      inputs: plain(inputs.get(`${type} ${name}`)) as Record<string, unknown>,
      dependencies: request.getDependenciesList().map(nameOf),
      deletedWith: nameOf(request.getDeletedwith()),
      retainOnDelete: request.getRetainondelete() ?? false,
      deleteBeforeReplace: request.getDeletebeforereplace(),
      secretOutputs: request.getAdditionalsecretoutputsList(),
      ignoreChanges: request.getIgnorechangesList(),
      provider: nameOf(request.getProvider().split("::").slice(0, -1).join("::")),
    });
  };
  pulumi.runtime.setAllConfig(
    Object.fromEntries(Object.entries(configuration).map(([key, value]) => [`wso2-apim:${key}`, value])),
  );
  try {
    const outputs = await build();
    await registrationsEnd();
    return {
      all,
      outputs,
      get(name, type = "") {
        const found = all.find((registration) => registration.name === name && registration.type.endsWith(type));
        if (!found) throw new Error(`nothing is called ${name}; there are ${all.map((one) => one.urn).join(", ")}`);
        return found;
      },
    };
  } catch (error) {
    // Resources that were constructed before the error must not be registered in the next recording.
    await registrationsEnd();
    throw error;
  }
}

function registrationsEnd(): Promise<void> {
  return (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs();
}

/** The value of an output that is known. */
export function known<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply((value) => resolve(value as T));
  });
}

/** The files of a component's container: path -> content. */
export function filesIn(run: Pick<Recording, "get">, component: string): ReadonlyMap<string, Buffer> {
  const { uploads } = run.get(`${component}-container`).inputs;
  const files = uploads.secret as { file: string; content?: string; contentBase64?: string }[];
  return new Map(
    files.map(({ file, content, contentBase64 }) => [
      file,
      contentBase64 === undefined ? Buffer.from(content ?? "") : Buffer.from(contentBase64, "base64"),
    ]),
  );
}

const secretSignature = "4dabf18193072939515e22adb298388d";

/** Secret values as `{secret: value}`, so that tests see what is secret. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if (secretSignature in value) return { secret: plain((value as unknown as { value: unknown }).value) };
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/** Created once: it stays the same in each run, as in a stack. */
let serverCertificate: Record<string, unknown> = {};

async function makeServerCertificate(): Promise<void> {
  if (serverCertificate.caKey) return;
  const authority = await makeAuthority();
  const made = await issueCertificate(authority, ["gateway.apim-wso2.com"], 30);
  serverCertificate = { ...authority, ...made };
}

/** What providers add to the inputs. */
function computed(type: string, name: string): Record<string, unknown> {
  switch (type) {
    case "random:index/randomPassword:RandomPassword":
      return { result: `password-of-${name}` };
    case "random:index/randomId:RandomId":
      return { hex: `hex-of-${name}` };
    case "docker:index/secret:Secret":
    case "docker:index/serviceConfig:ServiceConfig":
      return { name: `${name}-0000000` };
    case "docker:index/remoteImage:RemoteImage":
      return { imageId: `sha256:${name}` };
    case "docker:index/registryImage:RegistryImage":
      return { sha256Digest: "sha256:pushed" };
    case "pulumi-nodejs:dynamic:Resource":
      return name.endsWith("-keystore") ? serverCertificate : { statements: 3, adopted: false };
    default:
      return {};
  }
}
