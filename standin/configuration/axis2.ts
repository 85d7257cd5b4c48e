import type { XmlElement } from "@rgrove/parse-xml";
import { configurationFiles } from "../../product/files";
import { type KeyStoreReference, locate } from "./carbon";
import { childrenOf, find, readXml, requiredText, textAt, type XmlFile } from "./xml";

export const axis2File = configurationFiles.axis2.path;

/** The address under which the other members reach a member of the cluster. */
export interface MemberAddress {
  readonly host: string;
  readonly port: number;
}

export interface ClusteringConfiguration {
  readonly domain: string;
  readonly scheme: string;
  readonly local: MemberAddress;
  /** The well-known members; empty unless the scheme is wka. */
  readonly members: readonly MemberAddress[];
}

export interface Axis2Configuration {
  /** Port for API traffic, without the offset. Absent: there is no HTTP receiver. */
  readonly httpPort?: number;
  /** Port for API traffic, without the offset. */
  readonly httpsPort: number;
  /** Of the API ports. */
  readonly keyStore: KeyStoreReference;
  /** With which API traffic is sent on. */
  readonly senderKeyStore: KeyStoreReference;
  /** Decides which backends and Key Managers API traffic trusts. */
  readonly trustStore: Pick<KeyStoreReference, "location" | "password">;
  /** Absent: clustering is not enabled. */
  readonly clustering?: ClusteringConfiguration;
}

/** Reads axis2.xml. @throws naming the wrong element */
export function readAxis2(carbonHome: string): Axis2Configuration {
  const file = readXml(carbonHome, axis2File);
  const http = childrenOf(file.root, "transportReceiver").find((one) => one.attributes.name === "http");
  const https = transport(file, "transportReceiver", "https");
  const sender = transport(file, "transportSender", "https");
  const trustStore = element(file, parameter(file, sender, "truststore"), "TrustStore");
  const clustering = find(file.root, "clustering");
  return {
    ...(http && { httpPort: portOf(file, parameter(file, http, "port").text, "transportReceiver http port") }),
    httpsPort: portOf(file, parameter(file, https, "port").text, "transportReceiver https port"),
    keyStore: keyStoreOf(file, carbonHome, https),
    senderKeyStore: keyStoreOf(file, carbonHome, sender),
    trustStore: {
      location: locate(carbonHome, requiredText(file, "Location", trustStore)),
      password: requiredText(file, "Password", trustStore),
    },
    ...(isEnabled(clustering) && { clustering: readClustering(file, clustering) }),
  };
}

/** As Axis2 does, a missing attribute is taken for true. */
function isEnabled(clustering: XmlElement | undefined): clustering is XmlElement {
  return clustering !== undefined && (clustering.attributes.enable ?? "true").trim().toLowerCase() === "true";
}

function keyStoreOf(file: XmlFile, carbonHome: string, parent: XmlElement): KeyStoreReference {
  const keyStore = element(file, parameter(file, parent, "keystore"), "KeyStore");
  return {
    location: locate(carbonHome, requiredText(file, "Location", keyStore)),
    password: requiredText(file, "Password", keyStore),
    keyPassword: requiredText(file, "KeyPassword", keyStore),
  };
}

function readClustering(file: XmlFile, clustering: XmlElement): ClusteringConfiguration {
  const value = (name: string): string => parameter(file, clustering, name).text.trim();
  const scheme = value("membershipScheme");
  const members = find(clustering, "members");
  return {
    domain: value("domain"),
    scheme,
    local: { host: value("localMemberHost"), port: portOf(file, value("localMemberPort"), "localMemberPort") },
    members:
      scheme !== "wka" || members === undefined
        ? []
        : childrenOf(members, "member").map((member) => ({
            host: requiredText(file, "hostName", member),
            port: portOf(file, textAt(member, "port") ?? "", "members/member/port"),
          })),
  };
}

function transport(file: XmlFile, kind: string, name: string): XmlElement {
  const found = childrenOf(file.root, kind).find((one) => one.attributes.name === name);
  if (found === undefined) {
    throw new Error(`${file.path}: ${kind} "${name}" is missing`);
  }
  return found;
}

function parameter(file: XmlFile, parent: XmlElement, name: string): XmlElement {
  const found = childrenOf(parent, "parameter").find((one) => one.attributes.name === name);
  if (found === undefined) {
    throw new Error(`${file.path}: parameter "${name}" is missing in ${parent.name} ${parent.attributes.name ?? ""}`);
  }
  return found;
}

function element(file: XmlFile, parent: XmlElement, name: string): XmlElement {
  const found = childrenOf(parent, name)[0];
  if (found === undefined) {
    throw new Error(`${file.path}: ${name} is missing in parameter ${parent.attributes.name ?? ""}`);
  }
  return found;
}

function portOf(file: XmlFile, text: string, name: string): number {
  const port = Number(text.trim() || Number.NaN);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new Error(`${file.path}: ${name}: expected a port from 1 to 65535, found "${text.trim()}"`);
  }
  return port;
}
