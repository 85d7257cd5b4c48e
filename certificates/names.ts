/** How many names of a certificate a message shows. */
const shown = 3;

/**
 * A certificate's alternative names for a message: the first three, and how many more there are. A deployment's certificate
 * has about sixty.
 * @param altNames as Node gives them, e.g. `DNS:a, DNS:b`
 */
export function shortNames(altNames: string): string {
  const names = altNames.split(", ").filter((name) => name !== "");
  const rest = names.length - shown;
  if (names.length === 0) return "no host";
  return rest > 0 ? `${names.slice(0, shown).join(", ")} and ${rest} more` : names.join(", ");
}
