import * as pulumi from "@pulumi/pulumi";
import { applyScript } from "../databases/applyScript";

interface Inputs {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly version: string;
  readonly checksum: string;
  readonly script: string;
}

/** The state already has the script among the inputs. */
function withoutScript({ script: _, ...rest }: Inputs): Omit<Inputs, "script"> {
  return rest;
}

const provider: pulumi.dynamic.ResourceProvider<Inputs, Record<string, unknown>> = {
  async create(inputs) {
    const result = await applyScript(inputs);
    return { id: `${inputs.database}@${inputs.version}`, outs: { ...withoutScript(inputs), ...result } };
  },
  async update(_id, _olds, news) {
    const result = await applyScript(news);
    return { outs: { ...withoutScript(news), ...result } };
  },
  async diff(_id, olds, news) {
    const changed = olds.checksum !== news.checksum || olds.version !== news.version;
    const moved = olds.database !== news.database;
    return { changes: changed || moved, replaces: moved ? ["database"] : [], deleteBeforeReplace: false };
  },
};

/**
 * A dbscript of the distribution, executed once in an empty schema. Deleting the resource drops nothing. A changed script
 * is an error that names both versions.
 *
 * @see the WSO2 guide, "Installing and configuring the databases"
 */
export class DatabaseScript extends pulumi.dynamic.Resource {
  /** Number of statements in the script. */
  declare readonly statements: pulumi.Output<number>;
  /** True: the schema had the product's tables already, and nothing was executed. */
  declare readonly adopted: pulumi.Output<boolean>;

  constructor(
    name: string,
    args: { readonly [K in keyof Inputs]: pulumi.Input<Inputs[K]> },
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(provider, name, { statements: undefined, adopted: undefined, ...args }, opts);
  }
}
