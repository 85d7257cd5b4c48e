import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { XmlElement } from "@rgrove/parse-xml";
import { type Properties, resolve } from "./properties";
import { childrenOf, readXml, type XmlFile } from "./xml";

export const synapseDirectory = "repository/deployment/server/synapse-configs/default/api";
const sequenceDirectory = "repository/deployment/server/synapse-configs/default/sequences";

/** An API of the gateway that passes requests on as they are: token, authorize, revoke. */
export interface PassThroughApi {
  /** File name without `.xml`, e.g. `_TokenAPI_`. */
  readonly name: string;
  /** Below CARBON_HOME. */
  readonly file: string;
  /** e.g. `/token`. */
  readonly context: string;
  readonly methods: readonly string[];
  /** Where requests go, variables filled in. */
  readonly target: string;
}

/** The files that the product ships; APIs deployed later have others. */
const shipped = /^_(Token|Authorize|Revoke)API_\.xml$/;

/**
 * Reads the gateway's own APIs.
 * @param properties must hold `keyManager.hostname` and `keyManager.port`, the values of get-property().
 * @throws naming the file when its endpoint is missing.
 */
export function readSynapseApis(carbonHome: string, properties: Properties): PassThroughApi[] {
  return readdirSync(join(carbonHome, synapseDirectory))
    .filter((name) => shipped.test(name))
    .sort()
    .map((name) => {
      const file = readXml(carbonHome, `${synapseDirectory}/${name}`);
      const resource = childrenOf(file.root, "resource")[0];
      return {
        name: name.replace(/\.xml$/, ""),
        file: file.path,
        context: file.root.attributes.context ?? "",
        methods: (resource?.attributes.methods ?? "").split(/\s+/).filter((one) => one !== ""),
        target: targetOf(file, properties),
      };
    });
}

/** What the gateway answers to a key that an API has no endpoint for. */
export interface ErrorSequence {
  /** As APIs refer to it, e.g. `_sandbox_key_error_`. */
  readonly name: string;
  readonly code: number;
  readonly message: string;
  readonly status: number;
}

/** Those of both kinds of keys, as far as they are there. @throws naming the file that lacks a property */
export function readErrorSequences(carbonHome: string): ErrorSequence[] {
  return ["_production_key_error_", "_sandbox_key_error_"]
    .map((name) => ({ name, path: `${sequenceDirectory}/${name}.xml` }))
    .filter(({ path }) => existsSync(join(carbonHome, path)))
    .map(({ name, path }) => {
      const properties = childrenOf(readXml(carbonHome, path).root, "property");
      const text = (property: string): string => {
        const value = properties.find(({ attributes }) => attributes.name === property)?.attributes.value;
        if (value === undefined) {
          throw new Error(`${path}: property ${property} is missing`);
        }
        return value;
      };
      return {
        name,
        code: Number(text("ERROR_CODE")),
        message: text("ERROR_MESSAGE"),
        status: Number(text("CUSTOM_HTTP_SC")),
      };
    });
}

/** `http uri-template` with its variables (1.9), or a plain `address uri` (before). */
function targetOf(file: XmlFile, properties: Properties): string {
  const all = descendants(file.root);
  const variables: Record<string, string> = {};
  for (const property of all.filter((element) => element.name === "property")) {
    const { name, value, expression } = property.attributes;
    const called = /^get-property\(\s*'([^']+)'\s*\)$/.exec(expression ?? "")?.[1];
    const found = value ?? (called === undefined ? undefined : properties[called]);
    if (name !== undefined && found !== undefined) {
      variables[name] = found;
    }
  }
  const template = all.find((element) => element.name === "http")?.attributes["uri-template"];
  const address = all.find((element) => element.name === "address")?.attributes.uri;
  if (template === undefined && address === undefined) {
    throw new Error(`${file.path}: its endpoint has neither http uri-template nor address uri`);
  }
  return template === undefined
    ? resolve(address ?? "", properties)
    : template.replace(/\{([^}]+)\}/g, (whole, name: string) => variables[name] ?? whole);
}

function descendants(element: XmlElement): XmlElement[] {
  return element.children.flatMap((child) => (child instanceof XmlElement ? [child, ...descendants(child)] : []));
}
