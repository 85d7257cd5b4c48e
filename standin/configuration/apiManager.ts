import type { XmlElement } from "@rgrove/parse-xml";
import { configurationFiles } from "../../product/files";
import { type Properties, resolve } from "./properties";
import { childrenOf, find, readXml, textAt, type XmlFile } from "./xml";

export const apiManagerFile = configurationFiles.apiManager.path;

/** A server that this server calls with an administrator's credentials. */
export interface Service {
  /** From the file, with `${...}` resolved. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

export interface Environment extends Service {
  readonly name: string;
  readonly type: string;
  /** URLs for API consumers; this server never calls them. */
  readonly endpoints: readonly string[];
}

export interface KeyValidation extends Service {
  /** The element in the file: APIKeyValidator, or APIKeyManager before version 1.9. */
  readonly element: "APIKeyValidator" | "APIKeyManager";
  readonly clientType: string;
  readonly thriftClientPort: number;
  readonly thriftServerPort: number;
  /** The host name on which the Thrift server listens and that clients call. @default the server's own host name */
  readonly thriftServerHost?: string;
  readonly thriftServerEnabled: boolean;
  /** The scope of tokens that belong to an application, not to a user. */
  readonly applicationScope: string;
  /** The gateway's URL for revoked tokens. Absent: the version is older than 1.7. */
  readonly revokeUrl?: string;
}

export interface ApiManagerConfiguration {
  /** JNDI name of apimgtdb. */
  readonly dataSource: string;
  readonly authManager: Service;
  readonly environments: readonly Environment[];
  readonly keyValidation: KeyValidation;
  /** Whether backends get a JSON Web Token about the caller. */
  readonly jwt: boolean;
  /** The header with the JSON Web Token. */
  readonly jwtHeader: string;
  /** Whether the gateway caches valid tokens. */
  readonly gatewayKeyCache: boolean;
  /** The Store's services, which a Publisher of 1.10 calls. Absent: the version is older. */
  readonly storeServices?: Service;
  /** `Access-Control-Allow-Origin` for pages that call APIs: `*`, or a list. Absent: the gateway sends no CORS headers. */
  readonly allowedOrigins?: readonly string[];
  /** For browsers; this server never calls it. */
  readonly storeUrl?: string;
  /** For browsers; this server never calls it. */
  readonly publisherUrl?: string;
}

/** Reads api-manager.xml. @throws naming the wrong element */
export function readApiManager(carbonHome: string, properties: Properties): ApiManagerConfiguration {
  const file = readXml(carbonHome, apiManagerFile);
  const text = (path: string, parent: XmlElement = file.root): string | undefined => {
    const found = textAt(parent, path);
    return found === undefined ? undefined : resolve(found, properties);
  };
  const service = (path: string): Service => serviceAt(file, required(file, path), properties);
  const environments = find(file.root, "APIGateway/Environments");
  const storeUrl = text("APIStore/URL");
  const publisherUrl = text("APIPublisher/URL");
  const sendsCors = text("CORSConfiguration/Enabled") === "true";
  return {
    dataSource: required(file, "DataSourceName").text.trim(),
    authManager: service("AuthManager"),
    environments: (environments === undefined ? [] : childrenOf(environments, "Environment")).map((element) => ({
      ...serviceAt(file, element, properties),
      name: text("Name", element) ?? "",
      type: element.attributes.type ?? "hybrid",
      endpoints: (text("GatewayEndpoint", element) ?? "").split(",").filter((one) => one !== ""),
    })),
    keyValidation: readKeyValidation(file, properties),
    jwt: text("APIConsumerAuthentication/EnableTokenGeneration") === "true",
    jwtHeader: text("APIConsumerAuthentication/SecurityContextHeader") ?? "X-JWT-Assertion",
    gatewayKeyCache: text("APIGateway/EnableGatewayKeyCache") !== "false",
    ...(text("APIStore/ServerURL") !== undefined && { storeServices: service("APIStore") }),
    ...(sendsCors && {
      allowedOrigins: (text("CORSConfiguration/Access-Control-Allow-Origin") ?? "").split(",").map((one) => one.trim()),
    }),
    ...(storeUrl && { storeUrl }),
    ...(publisherUrl && { publisherUrl }),
  };
}

function readKeyValidation(file: XmlFile, properties: Properties): KeyValidation {
  const name = find(file.root, "APIKeyValidator") === undefined ? "APIKeyManager" : "APIKeyValidator";
  const element = required(file, name);
  const port = (child: string): number => {
    const value = Number(textAt(element, child) ?? 10397);
    if (!Number.isInteger(value) || value < 1 || value > 65535) {
      throw new Error(`${file.path}: ${name}/${child}: expected a port, found "${textAt(element, child)}"`);
    }
    return value;
  };
  const thriftServerHost = textAt(element, "ThriftServerHost");
  const revokeUrl = textAt(element, "RevokeAPIURL");
  return {
    ...serviceAt(file, element, properties),
    element: name,
    clientType: textAt(element, "KeyValidatorClientType") ?? "ThriftClient",
    thriftClientPort: port("ThriftClientPort"),
    thriftServerPort: port("ThriftServerPort"),
    applicationScope: textAt(element, "ApplicationTokenScope") ?? "am_application_scope",
    thriftServerEnabled: textAt(element, "EnableThriftServer") !== "false",
    ...(thriftServerHost && { thriftServerHost: resolve(thriftServerHost, properties) }),
    ...(revokeUrl && { revokeUrl: resolve(revokeUrl, properties) }),
  };
}

function serviceAt(file: XmlFile, element: XmlElement, properties: Properties): Service {
  const text = (child: string): string => {
    const found = textAt(element, child);
    if (found === undefined) {
      throw new Error(`${file.path}: ${element.name}/${child} is missing or empty`);
    }
    return resolve(found, properties);
  };
  return { url: text("ServerURL"), user: text("Username"), password: text("Password") };
}

function required(file: XmlFile, path: string): XmlElement {
  const found = find(file.root, path);
  if (found === undefined) {
    throw new Error(`${file.path}: ${path} is missing`);
  }
  return found;
}
