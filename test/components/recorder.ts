import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import { issueCertificate, makeAuthority } from "../../certificates/authority";

/** One resource as the program registered it. */
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

/** All registrations of one run of the program, and its outputs. */
export interface Recording {
  readonly all: readonly Registration[];
  readonly outputs: Record<string, unknown>;
  /** The one resource of that name and type ending. @throws Error if there is none */
  get(name: string, type?: string): Registration;
}

type Monitor = { registerResource(request: RegisterResourceRequest, callback: unknown): Promise<void> };

/** Runs index.ts itself against mocks that answer as the providers would. */
export async function runProgram(settings: Record<string, string> = {}, preview = false): Promise<Recording> {
  const all: Registration[] = [];
  const inputs = new Map<string, Record<string, unknown>>();
  await makeServerCertificate();
  await pulumi.runtime.setMocks(
    {
      call: ({ token }) => {
        throw new Error(`unexpected call of ${token}`);
      },
      newResource: ({ name, type, inputs: given }) => {
        inputs.set(`${type} ${name}`, given);
        return {
          id: preview ? undefined : `${name}-id`,
          state: { ...given, ...(preview ? {} : computed(type, name)) },
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
      name: shortName(name),
      type,
      parent: shortName(request.getParent()),
      urn: `${type}::${name}`,
      inputs: plain(inputs.get(`${type} ${name}`)) as Record<string, unknown>,
      dependencies: request.getDependenciesList().map(shortName),
      deletedWith: shortName(request.getDeletedwith()),
      retainOnDelete: request.getRetainondelete() ?? false,
      deleteBeforeReplace: request.getDeletebeforereplace(),
      secretOutputs: request.getAdditionalsecretoutputsList(),
      ignoreChanges: request.getIgnorechangesList(),
      provider: shortName(request.getProvider().split("::").slice(0, -1).join("::")),
    });
  };
  pulumi.runtime.setAllConfig(Object.fromEntries(Object.entries(settings).map(([k, v]) => [`wso2-apim:${k}`, v])));
  const program = (await import(path.join(__dirname, "../../index"))) as { default: () => Promise<unknown> };
  const outputs = (await program.default()) as Record<string, unknown>;
  await (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs();
  return {
    all,
    outputs,
    get(name, type = "") {
      const found = all.find((registration) => registration.name === name && registration.type.endsWith(type));
      if (!found) throw new Error(`nothing is called ${name}; there are ${all.map((r) => r.urn).join(", ")}`);
      return found;
    },
  };
}

/** The last part of a URN, without the name of the ApiManager that begins the names of all its children. */
function shortName(urn: string): string {
  return (urn.split("::").at(-1) ?? "").replace(/^apim-/, "");
}

const secretSignature = "4dabf18193072939515e22adb298388d";

/** Secret values as `{secret: value}`, so that tests see what is secret. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if (secretSignature in value) return { secret: plain((value as unknown as { value: unknown }).value) };
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/** Made once: the same for each run, as a real one is. */
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
      return { result: `password-of-${shortName(name)}` };
    case "random:index/randomId:RandomId":
      return { hex: `hex-of-${shortName(name)}` };
    case "docker:index/remoteImage:RemoteImage":
      return { imageId: `sha256:${shortName(name)}` };
    case "pulumi-nodejs:dynamic:Resource":
      return name.endsWith("-keystore") ? serverCertificate : { statements: 3, adopted: false };
    default:
      return {};
  }
}
