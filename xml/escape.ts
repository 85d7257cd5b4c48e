import { canEncode, type Encoding } from "./encoding";

/**
 * A value as XML source, safe as text and within either kind of quotes.
 *
 * @param what names the value in the error, since the value itself may be a secret
 * @throws when the value holds a character that no XML file can hold
 */
export function escapeXml(value: string, encoding: Encoding, what: string): string {
  let result = "";
  for (const character of value) {
    const code = character.codePointAt(0) ?? 0;
    if (!isXmlCharacter(code))
      throw new Error(
        `${what} holds the character U+${code.toString(16).padStart(4, "0")}, which no XML file can hold`,
      );
    const named = entities[character];
    if (named !== undefined) result += named;
    else if (code < 32 || code === 127 || !canEncode(character, encoding)) result += `&#${code};`;
    else result += character;
  }
  // A value that a person typed must not be read as a placeholder.
  return result.replaceAll("{{secret:", "&#123;{secret:");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

function isXmlCharacter(code: number): boolean {
  return (
    code === 9 ||
    code === 10 ||
    code === 13 ||
    (code >= 32 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    code >= 0x10000
  );
}
