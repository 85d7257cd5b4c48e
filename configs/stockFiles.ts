import type { Distribution } from "../distribution";
import { configurationFiles } from "../product/files";
import { selfSignUp } from "../product/selfSignUp";
import { children, parseFile, type XmlFile } from "../xml/parse";

/** Java reads files of properties in ISO-8859-1. */
export const propertyEncoding = "latin1";

/** The stock text of a file, from which the renderers start; empty for a file that it creates. */
export function stockText(path: string, distribution: Distribution): string {
  const stock = distribution.files.get(path);
  if (!path.endsWith(".xml")) return stock?.toString(propertyEncoding) ?? "";
  if (!stock) throw new Error(`distribution ${distribution.source}: holds no ${path}`);
  return parsed(path, stock, distribution.version).text;
}

/** All nodes start from the same stock file, so it is parsed once. */
const parsedFiles = new WeakMap<Buffer, XmlFile>();

/** The parsed stock file. @throws as parseFile */
export function parsed(path: string, stock: Buffer, version: string): XmlFile {
  const known = parsedFiles.get(stock);
  if (known?.path === path && known.version === version) return known;
  const file = parseFile(path, stock, version);
  parsedFiles.set(stock, file);
  return file;
}

/** Whether self sign-up is configured in the registry: up to 1.8, it is in api-manager.xml. */
export function keepsSignUpInRegistry({ files, version }: Pick<Distribution, "files" | "version">): boolean {
  const { path } = configurationFiles.apiManager;
  const stock = files.get(path);
  return stock !== undefined && children(parsed(path, stock, version).root, selfSignUp.element).length === 0;
}

/** Whether gateways serve API calls over HTTP too: axis2.xml can do without that receiver. */
export function servesHttp({ files, version }: Pick<Distribution, "files" | "version">): boolean {
  const { path } = configurationFiles.axis2;
  const stock = files.get(path);
  const receivers = stock ? children(parsed(path, stock, version).root, "transportReceiver") : [];
  return receivers.some(({ attributes }) => attributes.name === "http");
}
