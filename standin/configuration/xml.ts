import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseXml, XmlElement } from "@rgrove/parse-xml";

/** One parsed file of the product, with the path that errors and links name. */
export interface XmlFile {
  /** Below CARBON_HOME, e.g. `repository/conf/carbon.xml`. */
  readonly path: string;
  readonly root: XmlElement;
}

/**
 * Parses a file below CARBON_HOME in the encoding that it declares.
 * @throws with the file's path when it is absent or not well-formed.
 */
export function readXml(carbonHome: string, path: string): XmlFile {
  if (!existsSync(join(carbonHome, path))) {
    throw new Error(`${path} is missing below CARBON_HOME (${carbonHome}); restore it from the distribution`);
  }
  const bytes = readFileSync(join(carbonHome, path));
  const declared = /^<\?xml[^>]*encoding=["']([^"']+)/.exec(bytes.subarray(0, 200).toString("latin1"))?.[1] ?? "utf-8";
  const text = bytes.toString(/^(iso-8859-1|us-ascii)$/i.test(declared) ? "latin1" : "utf8");
  try {
    const root = parseXml(text).root;
    if (root === null) {
      throw new Error("it has no root element");
    }
    return { path, root };
  } catch (error) {
    throw new Error(`${path}: not well-formed: ${error instanceof Error ? error.message.split("\n")[0] : error}`);
  }
}

/** Child elements called `name`, whatever their prefix. */
export function childrenOf(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter(
    (child): child is XmlElement => child instanceof XmlElement && child.name.replace(/^.*:/, "") === name,
  );
}

/** The first element at a path such as `Security/KeyStore`. */
export function find(element: XmlElement, path: string): XmlElement | undefined {
  let found: XmlElement | undefined = element;
  for (const name of path.split("/")) {
    found = found && childrenOf(found, name)[0];
  }
  return found;
}

/** Its trimmed text; undefined when it is absent or empty. */
export function textAt(element: XmlElement, path: string): string | undefined {
  const text = find(element, path)?.text.trim();
  return text === "" ? undefined : text;
}

/**
 * As `textAt`, for what the server can't do without.
 * @throws naming the file and element.
 */
export function requiredText(file: XmlFile, path: string, element: XmlElement = file.root): string {
  const text = textAt(element, path);
  if (text === undefined) {
    throw new Error(`${file.path}: ${path} is missing or empty; it is needed to start`);
  }
  return text;
}

/**
 * A whole number in an element.
 * @throws naming the file, the element and what was found.
 */
export function numberAt(file: XmlFile, path: string, fallback?: number): number {
  const text = fallback === undefined ? requiredText(file, path) : textAt(file.root, path);
  const value = text === undefined ? fallback : Number(text);
  if (value === undefined || !Number.isInteger(value) || value < 0) {
    throw new Error(`${file.path}: ${path}: expected a whole number, found "${text}"`);
  }
  return value;
}

/**
 * A whole number in an attribute.
 * @throws naming the file, the attribute and what was found.
 */
export function numberAttribute(file: XmlFile, element: XmlElement, name: string): number {
  const value = Number(element.attributes[name] ?? Number.NaN);
  if (!Number.isInteger(value) || value < 0) {
    const found = element.attributes[name];
    throw new Error(`${file.path}: ${element.name} ${name}: expected a whole number, found "${found}"`);
  }
  return value;
}
