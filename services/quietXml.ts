import { parseXml, type XmlElement } from "@rgrove/parse-xml";

/**
 * The root element of a text that may hold secrets. Runs inside a dynamic resource, so it is a plain function.
 *
 * @param what the text, for messages
 * @throws when it is not well-formed, with line and column but without a quotation, as the parser's own message has one
 */
export function quietRoot(text: string, what: string): XmlElement {
  let place = "no root element";
  try {
    const { root } = parseXml(text, { includeOffsets: true });
    if (root) return root;
  } catch (error) {
    const { line, column } = error as { line?: number; column?: number };
    place = line === undefined ? "unreadable" : `line ${line}, column ${column}`;
  }
  throw new Error(`${what}: expected well-formed XML, found a fault (${place})`);
}
