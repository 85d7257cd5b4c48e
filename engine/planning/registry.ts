/** The provider instances of a run. */

import { isProviderType, PROVIDER_PREFIX, providerUrn, type ResourceState, typeOf } from "../model";
import { type Properties, type Provider, type ProviderFactory, unknownKind } from "../provider";
import { equal, unwrapProps } from "../values";
import * as builtin from "./builtin";

export class ProviderRegistry {
  private readonly configs = new Map<string, Properties>();
  private readonly instances = new Map<string, Provider>();
  private readonly retired: Provider[] = [];

  constructor(private readonly make: ProviderFactory) {}

  /**
   * Starts the recorded providers; each is used until the program registers it with another configuration.
   *
   * @throws when a recorded resource has an unsupported kind
   */
  start(recorded: readonly ResourceState[]): void {
    for (const state of recorded) this.configure(state);
    for (const state of recorded) this.providerFor(state);
  }

  /** Applies the configuration of a provider resource; ignores other resources. */
  configure({ urn, type, inputs, outputs }: ResourceState): void {
    if (!isProviderType(type)) return;
    const config = unwrapProps(outputs ?? inputs);
    const instance = this.instances.get(urn);
    if (instance !== undefined && equal(config, this.configs.get(urn))) return;
    this.configs.set(urn, config);
    if (instance !== undefined) this.retired.push(instance);
    this.instances.delete(urn);
  }

  /** @throws when the resource's kind is not supported */
  providerFor({ custom, type, provider }: Pick<ResourceState, "custom" | "type" | "provider">): Provider {
    if (!custom) return builtin.components;
    if (isProviderType(type)) return builtin.providers;
    const instance = this.instance(provider ?? "");
    if (!instance.types.includes(type)) throw unknownKind(type);
    return instance;
  }

  /** The provider that a reference (`<urn>::<id>`) names. @throws when nobody registered it */
  instance(reference: string): Provider {
    const urn = providerUrn(reference);
    const known = this.instances.get(urn);
    if (known !== undefined) return known;
    const config = this.configs.get(urn);
    if (config === undefined)
      throw new Error(
        `provider ${reference}: found neither in the state nor in the program; register it in the program`,
      );
    const instance = this.make(typeOf(urn).slice(PROVIDER_PREFIX.length), config);
    this.instances.set(urn, instance);
    return instance;
  }

  /** Closes connections and ends child processes. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.retired, ...this.instances.values()].map((provider) => provider.close?.()));
  }
}
