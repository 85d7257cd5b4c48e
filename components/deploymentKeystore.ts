import * as pulumi from "@pulumi/pulumi";
import { makeCertificates } from "../certificates/deploymentCertificates";

/** Where the product looks for its keystores, and how they open (carbon.xml `Security`). */
export interface KeystoreFacts {
  readonly keyStore: {
    /** Below APIM_HOME. */
    readonly location: string;
    readonly keyAlias: string;
    readonly password: string;
    readonly keyPassword: string;
  };
  readonly trustStore: { readonly location: string; readonly password: string };
}

interface Inputs {
  readonly names: string[];
  readonly alias: string;
  readonly storePassword: string;
  readonly keyPassword: string;
  readonly truststorePassword: string;
  readonly days: number;
}

const inputNames = ["names", "alias", "storePassword", "keyPassword", "truststorePassword", "days"] as const;

const provider: pulumi.dynamic.ResourceProvider<Inputs, Record<string, unknown>> = {
  async create(inputs) {
    const made = await makeCertificates({
      names: inputs.names,
      balancerNames: inputs.names,
      keystore: { alias: inputs.alias, storePassword: inputs.storePassword, keyPassword: inputs.keyPassword },
      trustStorePassword: inputs.truststorePassword,
      days: inputs.days,
    });
    return { id: made.fingerprint, outs: { ...inputs, ...made } };
  },
  async diff(_id, olds, news) {
    const replaces = inputNames.filter((name) => JSON.stringify(olds[name]) !== JSON.stringify(news[name]));
    return { changes: replaces.length > 0, replaces, deleteBeforeReplace: false };
  },
};

/**
 * The deployment's own certificates, made once and kept in state: one keystore and truststore for all nodes, with every
 * host name of the topology, and the balancer's certificate. A changed name makes new ones and replaces every node.
 *
 * @see carbon.xml `Security/KeyStore`, `Security/TrustStore`
 */
export class DeploymentKeystore extends pulumi.dynamic.Resource {
  /** Base64 of the JKS; secret. */
  declare readonly keystore: pulumi.Output<string>;
  /** Base64 of the JKS; secret. */
  declare readonly truststore: pulumi.Output<string>;
  /** Certificate chain and key of the balancer, PEM; secret. */
  declare readonly balancerPem: pulumi.Output<string>;
  /** The deployment's authority, PEM: what a client must trust. */
  declare readonly caCertificate: pulumi.Output<string>;
  /** SHA-256 of the nodes' certificate. */
  declare readonly fingerprint: pulumi.Output<string>;
  readonly keystorePath: string;
  readonly truststorePath: string;

  constructor(
    name: string,
    args: {
      readonly facts: KeystoreFacts;
      readonly names: readonly string[];
      /** @default 3650 */
      readonly days?: number;
    },
    opts?: pulumi.CustomResourceOptions,
  ) {
    const { keyStore, trustStore } = args.facts;
    super(
      provider,
      name,
      {
        keystore: undefined,
        truststore: undefined,
        balancerPem: undefined,
        caCertificate: undefined,
        fingerprint: undefined,
        names: [...args.names],
        alias: keyStore.keyAlias,
        storePassword: pulumi.secret(keyStore.password),
        keyPassword: pulumi.secret(keyStore.keyPassword),
        truststorePassword: pulumi.secret(trustStore.password),
        days: args.days ?? 3650,
      },
      { ...opts, additionalSecretOutputs: ["keystore", "truststore", "balancerPem"] },
    );
    this.keystorePath = keyStore.location;
    this.truststorePath = trustStore.location;
  }
}
