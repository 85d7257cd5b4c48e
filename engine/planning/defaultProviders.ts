/** Default providers, for resources without an explicit provider: one per package, configured by the stack. */

import type { StackName } from "../backend/checkpoint";
import type { Config } from "../backend/project";
import { type Goal, isProviderType, makeUrn, PROVIDER_PREFIX, packageOf, type ResourceState } from "../model";
import { type Prop, Secret } from "../values";

const DYNAMIC = "pulumi-nodejs";

export class DefaultProviders {
  private readonly references = new Map<string, Promise<string>>();
  private readonly config: readonly (readonly [key: string, value: Prop])[];

  /**
   * @param config the stack's configuration, e.g. `docker:host`
   * @param register registers a provider resource
   */
  constructor(
    private readonly stack: StackName,
    { values, secretKeys }: Config,
    private readonly register: (urn: string, goal: Goal) => Promise<ResourceState>,
  ) {
    const secret = new Set(secretKeys);
    this.config = Object.entries(values).map(([key, text]) => [key, secret.has(key) ? new Secret(text) : text]);
  }

  /** The provider of a resource; components and providers have none. */
  async referenceFor({ type, custom, provider, version }: Goal): Promise<string | undefined> {
    return !custom || isProviderType(type) ? undefined : this.reference(type, provider, version);
  }

  /**
   * The explicit provider, or the package's default provider, which is registered on first use.
   *
   * @param token of a resource kind or a provider function
   */
  async reference(token: string, provider: string | undefined, version: string | undefined): Promise<string> {
    if (provider) return provider;
    const pkg = packageOf(token);
    const known = pkg === DYNAMIC ? undefined : version;
    const name = known ? `default_${known.replaceAll(/[^\w]/g, "_")}` : "default";
    const key = `${pkg}/${name}`;
    const reference = this.references.get(key) ?? this.registerDefault(pkg, name, known);
    this.references.set(key, reference);
    return reference;
  }

  private async registerDefault(pkg: string, name: string, version: string | undefined): Promise<string> {
    const own = this.config.filter(([key]) => key.startsWith(`${pkg}:`));
    // The dynamic provider gets the whole configuration, other providers only their package's keys.
    const given =
      pkg === DYNAMIC ? this.config : own.map(([key, value]) => [key.slice(pkg.length + 1), value] as const);
    const goal = { type: `${PROVIDER_PREFIX}${pkg}`, name, custom: true, inputs: Object.fromEntries(given), version };
    const urn = makeUrn(this.stack, goal.type, name);
    const { id } = await this.register(urn, goal);
    return `${urn}::${id}`;
  }
}
