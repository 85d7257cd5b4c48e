import type { Check } from "./linkChecks";
import type { Suspect } from "./suspects";

/** What is known when a step fails. */
export interface Evidence {
  /** What the step needs, in the order of the calls. */
  readonly suspects: readonly Suspect[];
  /** What the server said, or why there was no answer. */
  readonly words: string;
  /** Links that earlier steps have used. */
  readonly proven: ReadonlySet<string>;
  /** What the nodes say of their links from inside; empty on the product, which does not tell. */
  readonly checks: readonly Check[];
}

/**
 * The links that can be at fault, the fewest that the evidence allows: the last one that the server's own words name
 * (each server in a chain puts its reason behind its caller's), unless it is well from inside and another is not; else
 * those that fail from inside; else those that nothing speaks for.
 */
export function blame({ suspects, words, proven, checks }: Evidence): readonly Suspect[] {
  const stateOf = (suspect: Suspect) => checks.find(({ name }) => name === suspect.link)?.ok;
  const failed = suspects.filter((suspect) => stateOf(suspect) === false);
  const named = lastNamed(suspects, words);
  if (named && (failed.length === 0 || stateOf(named) !== true)) return [named];
  if (failed.length > 0) return failed;
  const open = suspects.filter(({ link }) => !proven.has(link));
  const unknown = open.filter((suspect) => stateOf(suspect) === undefined);
  return [unknown, open, suspects].find(({ length }) => length > 0) ?? [];
}

/** Servers that know it write `<element> in <file>`. */
function lastNamed(suspects: readonly Suspect[], words: string): Suspect | undefined {
  // Versions before 1.9 call the element so.
  const text = words.replaceAll("APIKeyManager/", "APIKeyValidator/");
  let [best, at] = [undefined as Suspect | undefined, -1];
  for (const suspect of suspects) {
    const found = text.lastIndexOf(`${suspect.element} in ${suspect.file}`);
    if (found > at) [best, at] = [suspect, found];
  }
  return best;
}
