import type { XmlElement } from "@rgrove/parse-xml";
import { startTagEnd } from "./parse";

/** Where an attribute stands in the text. */
export interface AttributeRange {
  /** Of the white space before its name. */
  readonly start: number;
  readonly valueStart: number;
  /** Of the closing quote. */
  readonly valueEnd: number;
}

/** The place of an attribute; undefined when the element does not have it. */
export function attributeRange(text: string, element: XmlElement, name: string): AttributeRange | undefined {
  const tag = text.slice(element.start, startTagEnd(text, element));
  const attribute = /\s+([^\s=>/]+)\s*=\s*("[^"]*"|'[^']*')/y;
  attribute.lastIndex = 1 + element.name.length;
  for (let match = attribute.exec(tag); match; match = attribute.exec(tag)) {
    if (match[1] !== name) continue;
    const valueEnd = element.start + attribute.lastIndex - 1;
    const length = (match[2]?.length ?? 2) - 2;
    return { start: element.start + match.index, valueStart: valueEnd - length, valueEnd };
  }
  return undefined;
}
