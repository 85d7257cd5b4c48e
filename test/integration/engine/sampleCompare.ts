import type { Recorded } from "./sampleSupport";

/** Lists without a fixed order: sets of the provider, and dependencies. */
const UNORDERED = new Set(["envs", "uploads", "hosts", "labels", "dependencies", "Env"]);
/** Times, stack traces, and the optional raw form of the outputs that the official provider's bridge adds. */
const IGNORED = new Set(["created", "modified", "stackTrace", "__pulumi_raw_state_delta"]);

/** Maps generated values and ids of a state to names, so that the states of two engines can be compared. */
export function namesOf(resources: readonly Recorded[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const { urn, type, id, outputs = {} } of resources) {
    const name = urn.split("::").pop();
    if (/^pulumi:providers:|:Container$|:Network$/.test(type) && id) names.set(id, `<id of ${name}>`);
    if (typeof outputs.imageId === "string") names.set(outputs.imageId, "<image>");
    const { result } = outputs as { result?: { secret: string } };
    if (result) names.set(result.secret, `<${name}>`);
    for (const key of ["b64Std", "b64Url", "hex", "dec"])
      if (typeof outputs[key] === "string") names.set(outputs[key], `<${name} ${key}>`);
    const { plaintextPassword: hash } = outputs as { plaintextPassword?: { secret: string } };
    if (hash) names.set(hash.secret, `<hash of ${name}>`);
  }
  return names;
}

/** Replaces each generated value by its name. */
export function renamed(text: string, names: ReadonlyMap<string, string>): string {
  // Long values first, since one value can contain another.
  const longest = [...names].sort(([a], [b]) => b.length - a.length);
  return longest.reduce((all, [value, name]) => all.replaceAll(value, name), text);
}

/** The resources by URN, without values that may differ between two engines. */
export function comparable(resources: readonly Recorded[], drop: readonly string[] = []): Record<string, unknown> {
  const strip = (value: unknown, key = ""): unknown => {
    if (Array.isArray(value)) {
      const members = value.map((each) => strip(each));
      const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
      return UNORDERED.has(key) ? members.sort(byText) : members;
    }
    if (typeof value !== "object" || value === null) return value;
    if ("secret" in value) return { secret: strip(value.secret, key) };
    // A position outside the program is a path of the machine.
    const isOutside = (name: string, member: unknown) =>
      name === "sourcePosition" && !/^project:\/\/\/[^/]+#/.test(String(member));
    const kept = Object.entries(value).filter(
      ([name, member]) => !IGNORED.has(name) && !drop.includes(name) && !isOutside(name, member),
    );
    return Object.fromEntries(kept.map(([name, member]) => [name, strip(member, name)]));
  };
  const text = renamed(JSON.stringify(strip(resources)), namesOf(resources));
  return Object.fromEntries((JSON.parse(text) as Recorded[]).map((each) => [each.urn, each]));
}

/** Splits the text of `preview --diff` into one block for each resource and the summary, sorted: the order is not fixed. */
export function blocks(text: string, names: ReadonlyMap<string, string>): string[] {
  const clean = renamed(text, names).replaceAll(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g, "<uuid>");
  return clean
    .replace(/^No changes: .*\n/m, "")
    .split(/^(?=\s*[-+~]* ?[\w:/-]+: \(\w+\)$|Resources:)/m)
    .map((block) => block.trimEnd())
    .sort();
}

/** The result lines and counts of a run, without progress, times, and components, whose end the official engine does not print. */
export function facts(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/ \(\d[\d.]*s\)/g, "").trim())
    .filter(
      (line) => !/^@|(creating|deleting|refreshing|running)(\[retain\])?$|^Duration|^[~] {2}|^$|^No changes/.test(line),
    )
    .filter(
      (line) =>
        !/^[\w:-]+ [\w-]+$|sample:index:Box/.test(line) &&
        !line.startsWith("The resources") &&
        !line.startsWith("If you want"),
    )
    .sort();
}
