import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseXml, XmlElement } from "@rgrove/parse-xml";
import { synapseDirectory } from "./configuration/synapse";
import { find } from "./configuration/xml";
import { escapeHtml } from "./pages";

/** An API as a gateway serves it. */
export interface DeployedApi {
  readonly name: string;
  readonly provider: string;
  readonly version: string;
  /** With the version, e.g. `/weather/1.0.0`. */
  readonly context: string;
  /** The backend's URL. */
  readonly endpoint: string;
}

/** The APIs of one gateway: one synapse file each, as the product keeps them. */
export interface DeployedApis {
  readonly all: () => readonly DeployedApi[];
  readonly deploy: (api: DeployedApi) => void;
  /** @returns whether it was there */
  readonly remove: (api: Pick<DeployedApi, "name" | "provider" | "version">) => boolean;
}

const namespace = "http://ws.apache.org/ns/synapse";

/** Reads what was deployed before; later changes are written at once. */
export function deployedApis(carbonHome: string): DeployedApis {
  const directory = join(carbonHome, synapseDirectory);
  const apis = new Map<string, DeployedApi>();
  for (const file of readdirSync(directory)) {
    const api =
      file.includes("--") && file.endsWith(".xml") ? parseApi(readFileSync(join(directory, file), "utf8")) : undefined;
    if (api !== undefined) {
      apis.set(fileName(api), api);
    }
  }
  return {
    all: () => [...apis.values()],
    deploy: (api) => {
      const path = join(directory, fileName(api));
      mkdirSync(directory, { recursive: true });
      // In one step, so that a server that is killed leaves no half file.
      writeFileSync(`${path}.new`, formatApi(api));
      renameSync(`${path}.new`, path);
      apis.set(fileName(api), api);
    },
    remove: (api) => {
      rmSync(join(directory, fileName(api)), { force: true });
      return apis.delete(fileName(api));
    },
  };
}

/** The API that serves a path: the longest context wins. */
export function apiFor(apis: readonly DeployedApi[], path: string): DeployedApi | undefined {
  return apis
    .filter(({ context }) => path === context || path.startsWith(`${context}/`))
    .sort((one, other) => other.context.length - one.context.length)[0];
}

function fileName({ provider, name, version }: Pick<DeployedApi, "name" | "provider" | "version">): string {
  return `${[`${provider}--${name}`, `v${version}`].join("_").replace(/[^\w.-]/g, "-")}.xml`;
}

function formatApi({ name, provider, version, context, endpoint }: DeployedApi): string {
  const attribute = (key: string, value: string): string => `${key}="${escapeHtml(value)}"`;
  const attributes = [
    attribute("name", `${provider}--${name}`),
    attribute("context", context),
    attribute("version", version),
    'version-type="context"',
  ].join(" ");
  return `<?xml version="1.0" encoding="UTF-8"?>
<api xmlns="${namespace}" ${attributes}>
    <resource methods="POST PATCH GET DELETE HEAD PUT OPTIONS" url-mapping="/*">
        <inSequence>
            <send>
                <endpoint>
                    <address ${attribute("uri", endpoint)}/>
                </endpoint>
            </send>
        </inSequence>
        <outSequence>
            <send/>
        </outSequence>
    </resource>
    <handlers>
        <handler class="org.wso2.carbon.apimgt.gateway.handlers.security.APIAuthenticationHandler"/>
    </handlers>
</api>
`;
}

function parseApi(text: string): DeployedApi | undefined {
  const root = parseXml(text).root;
  const address = root && find(root, "resource/inSequence/send/endpoint/address");
  const { name = "", context, version } = root?.attributes ?? {};
  const [provider, ...rest] = name.split("--");
  if (!(address instanceof XmlElement) || context === undefined || version === undefined || provider === undefined) {
    return undefined;
  }
  return { name: rest.join("--"), provider, version, context, endpoint: address.attributes.uri ?? "" };
}
