import * as pulumi from "@pulumi/pulumi";
import type { DeploymentPlan } from "../plan";
import { roleThat } from "../product/roles";
import { managementServices, type ServiceAccess } from "../services/managementServices";
import { configureSignUp } from "../services/signUp";
import { managementAccess } from "../topology";
import type { ProductNode } from "./productNode";
import type { ServerCertificates } from "./serverCertificates";

/** Arguments of {@link SelfSignUp}. */
export interface SelfSignUpArgs {
  readonly plan: DeploymentPlan;
  readonly certificates: ServerCertificates;
  /** The administrator's password. */
  readonly adminPassword: pulumi.Input<string>;
  /** A Publisher that is up. */
  readonly publisher: ProductNode;
}

interface Inputs extends ServiceAccess {
  readonly enabled: boolean;
  /** Another container writes the resource again: its database may be a new one. */
  readonly container: string;
}

const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
  async create(inputs) {
    await configureSignUp(managementServices(inputs), inputs);
    return { id: inputs.host, outs: inputs };
  },
  async update(_id, _olds, news) {
    await configureSignUp(managementServices(news), news);
    return { outs: news };
  },
  async diff(_id, olds, news) {
    const decisive = ["enabled", "user", "password", "container"] as const;
    return { changes: decisive.some((name) => olds[name] !== news[name]), replaces: [], deleteBeforeReplace: false };
  },
};

/**
 * Self sign-up in the Store, as a resource of the shared registry: whether it is open, and the account with which the Store
 * creates users. It is written through a Publisher's management service. Stores must start after it: a Store keeps what
 * it has read for 15 minutes. Deleting it changes nothing. Up to 1.8, where `plan.signUpInRegistry` is false, the product
 * reads api-manager.xml, and this is not needed.
 *
 * @see the product's registry, `/_system/governance/apimgt/applicationdata/sign-up-config.xml`
 * @example
 * ```ts
 * const signUp = new SelfSignUp("sign-up", { plan, certificates, adminPassword, publisher });
 * const store = new StoreNode("store", { plan, network, databases, certificates, adminPassword }, { dependsOn: [signUp] });
 * ```
 */
export class SelfSignUp extends pulumi.dynamic.Resource {
  constructor(name: string, args: SelfSignUpArgs, opts?: pulumi.CustomResourceOptions) {
    const { settings, topology, signUpInRegistry, version } = args.plan;
    if (!signUpInRegistry)
      throw new Error(
        `${name}: plan.signUpInRegistry: expected true, found false: ${version} reads self sign-up in api-manager.xml, which the plan renders; leave this resource out`,
      );
    const role = roleThat(({ selfSignUp }) => selfSignUp === "configures");
    const node = topology.nodes.find((each) => each.role === role && each.name === args.publisher.nodeName);
    if (!node)
      throw new Error(`${name}: publisher: expected a Publisher of the plan, found ${args.publisher.nodeName}`);
    const inputs: { readonly [K in keyof Inputs]: pulumi.Input<Inputs[K]> } = {
      ...managementAccess(topology, node),
      ...(topology.furtherAddresses.length > 0 && { furtherAddresses: topology.furtherAddresses.slice() }),
      ca: args.certificates.caCertificate,
      user: settings.adminUser,
      password: pulumi.secret(args.adminPassword),
      enabled: settings.selfSignUp === "on",
      container: args.publisher.server.id,
    };
    super(provider, name, inputs, opts);
  }
}
