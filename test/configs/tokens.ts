import { diffArrays } from "diff";

/** A tag, comment, other markup or text, with the name of its parent element. */
interface Token {
  readonly parent: string;
  readonly raw: string;
}

const markup = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[[\s\S]*?\]\]>|<\/?(?:[^>"']|"[^"]*"|'[^']*')*>/g;

/** Splits XML into tokens. Joined, they are the text again. */
export function tokens(text: string): Token[] {
  const result: Token[] = [];
  const path: string[] = [];
  let position = 0;
  const push = (raw: string) => {
    if (raw !== "") result.push({ parent: path.at(-1) ?? "", raw });
  };
  for (const { 0: raw, index } of text.matchAll(markup)) {
    push(text.slice(position, index));
    position = index + raw.length;
    const name = /^<([^\s/>!?]+)/.exec(raw)?.[1];
    if (raw.startsWith("</")) path.pop();
    push(raw);
    if (name !== undefined && !raw.endsWith("/>")) path.push(name);
  }
  push(text.slice(position));
  return result;
}

/** The tokens of `before` that `after` no longer has, as `parent: token`. */
export function lost(before: string, after: string): string[] {
  const key = ({ parent, raw }: Token) => `${parent}: ${raw}`;
  return diffArrays(tokens(before).map(key), tokens(after).map(key))
    .filter(({ removed }) => removed)
    .flatMap(({ value }) => value);
}
