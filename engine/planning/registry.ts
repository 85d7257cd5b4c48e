/** The provider instances of a run, by provider reference. */

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
   * @param recorded the state, whose providers serve until the program registers them otherwise
   * @throws when a recorded resource is of a kind that is not served: nothing could be done with it
   */
  start(recorded: readonly ResourceState[]): void {
    for (const state of recorded) this.configure(state);
    for (const state of recorded) this.of(state);
  }

  /** Makes a recorded provider ready to serve; nothing for other resources. */
  configure({ urn, type, inputs, outputs }: ResourceState): void {
    if (!isProviderType(type)) return;
    const config = unwrapProps(outputs ?? inputs);
    const instance = this.instances.get(urn);
    if (instance !== undefined && equal(config, this.configs.get(urn))) return;
    this.configs.set(urn, config);
    if (instance !== undefined) this.retired.push(instance);
    this.instances.delete(urn);
  }

  /** @throws when the kind is not known to this engine. */
  of({ custom, type, provider }: Pick<ResourceState, "custom" | "type" | "provider">): Provider {
    if (!custom) return builtin.components;
    if (isProviderType(type)) return builtin.providers;
    const instance = this.instance(provider ?? "");
    if (!instance.types.includes(type)) throw unknownKind(type);
    return instance;
  }

  private instance(reference: string): Provider {
    const urn = providerUrn(reference);
    const known = this.instances.get(urn);
    if (known !== undefined) return known;
    const config = this.configs.get(urn);
    if (config === undefined) throw new Error(`provider ${reference}: not in the state and not in the program`);
    const instance = this.make(typeOf(urn).slice(PROVIDER_PREFIX.length), config);
    this.instances.set(urn, instance);
    return instance;
  }

  /** Ends connections and child processes. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.retired, ...this.instances.values()].map((provider) => provider.close?.()));
  }
}
