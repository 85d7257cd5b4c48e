import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { XmlElement } from "@rgrove/parse-xml";
import { configurationFiles } from "../../product/files";
import { type Properties, resolve } from "./properties";
import { childrenOf, readXml, type XmlFile } from "./xml";

/** The directory of the APIs on a gateway. */
export const synapseDirectory = dirname(configurationFiles.tokenApi.path);
const sequenceDirectory = `${dirname(synapseDirectory)}/sequences`;

/** An API of the gateway that forwards requests to the Key Manager unchanged: token, authorize, revoke or userinfo. */
export interface PassThroughApi {
  /** File name without `.xml`, e.g. `_TokenAPI_`. */
  readonly name: string;
  /** Below CARBON_HOME. */
  readonly file: string;
  /** e.g. `/token`. */
  readonly context: string;
  readonly methods: readonly string[];
  /** The URL to which requests go, with its variables resolved. */
  readonly target: string;
}

/** The files of these APIs; published APIs have files of their own. */
const passThroughFiles = (["authorizeApi", "revokeApi", "tokenApi", "userInfoApi"] as const).map(
  (name) => configurationFiles[name].path,
);

/**
 * Reads the APIs that forward requests to the Key Manager.
 * @param properties must hold `keyManager.hostname` and `keyManager.port`, the values of get-property().
 * @throws naming the file when its endpoint is missing
 */
export function readSynapseApis(carbonHome: string, properties: Properties): PassThroughApi[] {
  return passThroughFiles
    .filter((path) => existsSync(join(carbonHome, path)))
    .map((path) => {
      const file = readXml(carbonHome, path);
      const resource = childrenOf(file.root, "resource")[0];
      return {
        name: basename(path, ".xml"),
        file: file.path,
        context: file.root.attributes.context ?? "",
        methods: (resource?.attributes.methods ?? "").split(/\s+/).filter((one) => one !== ""),
        target: targetOf(file, properties),
      };
    });
}

/** The gateway's answer to a key for whose type an API has no endpoint. */
export interface ErrorSequence {
  /** The name by which APIs refer to it, e.g. `_sandbox_key_error_`. */
  readonly name: string;
  readonly code: number;
  readonly message: string;
  readonly status: number;
}

/** Reads the sequences for both types of keys; missing files are skipped. @throws naming the file that lacks a property */
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

/** The endpoint: `http uri-template` with variables since version 1.9, a plain `address uri` before. */
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
    throw new Error(`${file.path}: expected an endpoint with http uri-template or address uri, found neither`);
  }
  return template === undefined
    ? resolve(address ?? "", properties)
    : template.replace(/\{([^}]+)\}/g, (whole, name: string) => variables[name] ?? whole);
}

function descendants(element: XmlElement): XmlElement[] {
  return element.children.flatMap((child) => (child instanceof XmlElement ? [child, ...descendants(child)] : []));
}
