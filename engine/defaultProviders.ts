/** The providers of resources that name none: one for each package, from the stack's configuration. */

import { NO_OPTIONS } from "./goalState";
import {
  type Goal,
  isProviderType,
  makeUrn,
  PROVIDER_PREFIX,
  packageOf,
  type ResourceState,
  type StackName,
} from "./model";
import { type Props, Secret } from "./values";

export class DefaultProviders {
  private readonly begun = new Map<string, Promise<string>>();

  /**
   * @param config of the stack: `docker:host`...
   * @param register registers a provider as the program would
   */
  constructor(
    private readonly stack: StackName,
    private readonly config: Props,
    private readonly register: (urn: string, goal: Goal) => Promise<ResourceState>,
  ) {}

  /** The explicit provider, or the package's default one, which is registered when first needed. */
  referenceFor(goal: Goal): Promise<string | undefined> {
    if (!goal.custom || isProviderType(goal.type)) return Promise.resolve(undefined);
    if (goal.provider) return Promise.resolve(goal.provider);
    const pkg = packageOf(goal.type);
    const version = pkg === "pulumi-nodejs" ? undefined : goal.version;
    const name = version ? `default_${version.replaceAll(/[^\w]/g, "_")}` : "default";
    const key = `${pkg}/${name}`;
    const begun = this.begun.get(key) ?? this.registerDefault(pkg, name, version);
    this.begun.set(key, begun);
    return begun;
  }

  private async registerDefault(pkg: string, name: string, version: string | undefined): Promise<string> {
    // The dynamic provider gets the whole configuration, others what is set for their package.
    const inputs: Props =
      pkg === "pulumi-nodejs"
        ? this.config
        : Object.fromEntries(
            Object.entries(this.config)
              .filter(([key]) => key.startsWith(`${pkg}:`))
              .map(([key, value]) => [key.slice(pkg.length + 1), value]),
          );
    const goal = { ...NO_OPTIONS, type: `${PROVIDER_PREFIX}${pkg}`, name, custom: true, inputs, version };
    const urn = makeUrn(this.stack, goal.type, name);
    const state = await this.register(urn, goal);
    return `${urn}::${state.id}`;
  }
}

/** The stack's configuration as provider inputs. */
export function configProps(values: Readonly<Record<string, string>>, secretKeys: readonly string[]): Props {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, secretKeys.includes(key) ? new Secret(value) : value]),
  );
}
