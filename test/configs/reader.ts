import { parseXml, XmlElement } from "@rgrove/parse-xml";

/** Reads all values at a path of an XML file: `a/b[name=x]/c` or `.../@attribute`. */
export function values(text: string, path: string): string[] {
  const { root } = parseXml(text);
  const steps = path.split(/\/(?![^[]*\])/);
  const attribute = steps.at(-1)?.startsWith("@") ? steps.pop()?.slice(1) : undefined;
  let found = root ? [root] : [];
  for (const step of steps) {
    const [, name, key, wanted] = /^([^[]+)(?:\[([^=]+)=(.*)\])?$/.exec(step) ?? [];
    found = found
      .flatMap((element) => element.children)
      .filter((child): child is XmlElement => child instanceof XmlElement && child.name === name)
      .filter((element) => key === undefined || element.attributes[key] === wanted || textOf(element, key) === wanted);
  }
  return found.map((element) => (attribute === undefined ? element.text : (element.attributes[attribute] ?? "")));
}

/** Reads the value at a path. @throws unless there is exactly one */
export function value(text: string, path: string): string {
  const found = values(text, path);
  if (found.length !== 1) throw new Error(`${path}: ${found.length} found`);
  return found[0] ?? "";
}

function textOf(element: XmlElement, name: string): string | undefined {
  return element.children.find((child): child is XmlElement => child instanceof XmlElement && child.name === name)
    ?.text;
}
