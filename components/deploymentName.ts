import * as pulumi from "@pulumi/pulumi";

interface Inputs {
  /** Begins the names of the deployment's Docker objects. */
  readonly prefix: string;
}

const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
  async check(olds, news) {
    const { prefix: before = news.prefix } = olds ?? {};
    const reason = `expected ${before}, with which the names of this deployment's containers and volumes begin, found ${news.prefix}: the deployment would begin again, without its data. If the stack was renamed, keep the names: set namePrefix to ${before}, e.g. npm run config -- set namePrefix ${before} --stack NAME. To give up the data, destroy the stack first`;
    return { inputs: news, failures: before === news.prefix ? [] : [{ property: "prefix", reason }] };
  },
  // The code of this provider, which is among the inputs, may change.
  async diff() {
    return { changes: false };
  },
  async create(inputs) {
    return { id: inputs.prefix, outs: inputs };
  },
};

/**
 * The beginning of the names of a deployment's Docker objects, fixed at its first up. A later change is an error in the
 * preview: another name means another volume, without the databases. What has a name in Docker depends on this.
 */
export class DeploymentName extends pulumi.dynamic.Resource {
  constructor(name: string, args: { readonly prefix: string }, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, args, opts);
  }
}
