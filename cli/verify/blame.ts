import type { Check } from "./linkChecks";
import type { Suspect } from "./suspects";

/** What is known when a step fails. */
export interface Evidence {
  /** What the step needs, in the order of the calls. */
  readonly suspects: readonly Suspect[];
  /** The server's message, or why there was no answer. */
  readonly message: string;
  /** Links that earlier steps have used successfully. */
  readonly proven: ReadonlySet<string>;
  /** The nodes' reports of their links; empty with the product, which reports none. */
  readonly checks: readonly Check[];
}

/**
 * Narrows down the links that can be at fault:
 * - the last link that the server's message names (each server in a chain appends its reason to its caller's), unless its
 *   node reports that link as good and another one as failed
 * - else the links that nodes report as failed
 * - else the links that neither an earlier step nor a report has proven
 */
export function blame({ suspects, message, proven, checks }: Evidence): readonly Suspect[] {
  const stateOf = (suspect: Suspect) => checks.find(({ name }) => name === suspect.link)?.ok;
  const failed = suspects.filter((suspect) => stateOf(suspect) === false);
  const named = lastNamed(suspects, message);
  if (named && (failed.length === 0 || stateOf(named) !== true)) return [named];
  if (failed.length > 0) return failed;
  const open = suspects.filter(({ link }) => !proven.has(link));
  const unknown = open.filter((suspect) => stateOf(suspect) === undefined);
  return [unknown, open, suspects].find(({ length }) => length > 0) ?? [];
}

/** The suspect that the message names last, in the form `<element> in <file>`. */
function lastNamed(suspects: readonly Suspect[], message: string): Suspect | undefined {
  // Versions before 1.9 call the element APIKeyManager.
  const text = message.replaceAll("APIKeyManager/", "APIKeyValidator/");
  let [best, at] = [undefined as Suspect | undefined, -1];
  for (const suspect of suspects) {
    const found = text.lastIndexOf(`${suspect.element} in ${suspect.file}`);
    if (found > at) [best, at] = [suspect, found];
  }
  return best;
}
