/** The checks that the official engine makes before it uses a state. */

interface Written {
  readonly urn: string;
  readonly id?: string;
  readonly delete?: boolean;
  readonly parent?: string;
  readonly provider?: string;
  readonly deletedWith?: string;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[]>>;
}

/** Finds references to resources that are missing or come later, and URNs that occur twice. */
export function integrityErrors(resources: readonly object[]): string[] {
  const [before, providers, current] = [new Set<string>(), new Set<string>(), new Set<string>()];
  return (resources as Written[]).flatMap((each) => {
    const { urn, parent, provider, deletedWith, dependencies = [], propertyDependencies = {} } = each;
    const needed = [...dependencies, ...Object.values(propertyDependencies).flat(), parent, deletedWith];
    const absent = needed.filter((other) => other !== undefined && !before.has(other));
    if (provider !== undefined && !providers.has(provider)) absent.push(provider);
    before.add(urn);
    if (/^pulumi:providers:/.test(urn.split("::")[2] ?? "")) providers.add(`${urn}::${each.id}`);
    const twice = !each.delete && current.has(urn) ? [`${urn}: twice`] : [];
    if (!each.delete) current.add(urn);
    return [...twice, ...absent.map((other) => `${urn}: refers to ${other}`)];
  });
}
