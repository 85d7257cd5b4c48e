import type { Recorded } from "./sampleSupport";

/** Lists whose order neither engine promises: sets to the provider, and dependencies. */
const UNORDERED = new Set(["envs", "uploads", "hosts", "labels", "dependencies", "Env"]);
/** Times and stacks; and how the official provider's bridge encoded the outputs, which it can do without. */
const ASIDE = new Set(["created", "modified", "stackTrace", "__pulumi_raw_state_delta"]);

/** Generated values and ids of one engine's state -> what they are, so that two states can be compared. */
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

/** Replaces each generated value by its name, or (with the two maps swapped) by another's. */
export function renamed(text: string, names: ReadonlyMap<string, string>): string {
  // Long ones first: one may be in another.
  const longest = [...names].sort(([a], [b]) => b.length - a.length);
  return longest.reduce((all, [value, name]) => all.replaceAll(value, name), text);
}

/** By URN, what two engines must agree on. */
export function comparable(resources: readonly Recorded[], drop: readonly string[] = []): Record<string, unknown> {
  const strip = (value: unknown, key = ""): unknown => {
    if (Array.isArray(value)) {
      const members = value.map((each) => strip(each));
      const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
      return UNORDERED.has(key) ? members.sort(byText) : members;
    }
    if (typeof value !== "object" || value === null) return value;
    if ("secret" in value) return { secret: strip(value.secret, key) };
    // Packages need not be in the program's own directory.
    const elsewhere = (name: string, member: unknown) =>
      name === "sourcePosition" && !/^project:\/\/\/[^/]+#/.test(String(member));
    const kept = Object.entries(value).filter(
      ([name, member]) => !ASIDE.has(name) && !drop.includes(name) && !elsewhere(name, member),
    );
    return Object.fromEntries(kept.map(([name, member]) => [name, strip(member, name)]));
  };
  const text = renamed(JSON.stringify(strip(resources)), namesOf(resources));
  return Object.fromEntries((JSON.parse(text) as Recorded[]).map((each) => [each.urn, each]));
}

/** A `preview --diff` as its resources' blocks and its summary; the order of what is independent is by chance. */
export function blocks(text: string, names: ReadonlyMap<string, string>): string[] {
  const clean = renamed(text, names).replaceAll(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g, "<uuid>");
  return clean
    .replace(/^No changes: .*\n/m, "")
    .split(/^(?=\s*[-+~]* ?[\w:/-]+: \(\w+\)$|Resources:)/m)
    .map((block) => block.trimEnd())
    .sort();
}

/** What a run says it did, and its counts; progress, times, and components (of which the official one tells no end) left out. */
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
