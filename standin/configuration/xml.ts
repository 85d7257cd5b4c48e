import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseXml, XmlElement } from "@rgrove/parse-xml";
import { describe } from "../errors";

/** One parsed file of the product. */
export interface XmlFile {
  /** Below CARBON_HOME, e.g. `repository/conf/carbon.xml`. Errors and links name it. */
  readonly path: string;
  readonly root: XmlElement;
}

/**
 * Parses a file below CARBON_HOME in the encoding that it declares.
 * @throws naming the file when it is missing or not well-formed
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
      throw new Error("the root element is missing");
    }
    return { path, root };
  } catch (error) {
    throw new Error(`${path}: not well-formed: ${describe(error)}`);
  }
}

/** The child elements with this name; namespace prefixes are ignored. */
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

/** The trimmed text of the first element at a path; undefined: the element is missing or empty. */
export function textAt(element: XmlElement, path: string): string | undefined {
  const text = find(element, path)?.text.trim();
  return text === "" ? undefined : text;
}

/**
 * Like `textAt`, for text that the server needs.
 * @throws naming the file and the element when it is missing or empty
 */
export function requiredText(file: XmlFile, path: string, element: XmlElement = file.root): string {
  const text = textAt(element, path);
  if (text === undefined) {
    throw new Error(`${file.path}: ${path} is missing or empty; the server can't start without it`);
  }
  return text;
}

/**
 * A whole number of 0 or more in an element.
 * @throws naming the file, the element and the value found
 */
export function numberAt(file: XmlFile, path: string): number {
  const text = requiredText(file, path);
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) {
    throw new Error(`${file.path}: ${path}: expected a whole number, found "${text}"`);
  }
  return value;
}

/**
 * A whole number of 0 or more in an attribute.
 * @throws naming the file, the attribute and the value found
 */
export function numberAttribute(file: XmlFile, element: XmlElement, name: string): number {
  const value = Number(element.attributes[name] ?? Number.NaN);
  if (!Number.isInteger(value) || value < 0) {
    const found = element.attributes[name];
    throw new Error(`${file.path}: ${element.name} ${name}: expected a whole number, found "${found}"`);
  }
  return value;
}
