import * as pulumi from "@pulumi/pulumi";
import { type Authority, issueCertificate, makeAuthority, type ServerKey } from "../certificates/authority";
import { fingerprintOf } from "../certificates/nodeStores";

interface Inputs {
  readonly names: string[];
  readonly days: number;
  readonly renewal: string;
  readonly authority: string;
}

type Outputs = Inputs & Authority & ServerKey;

const provider: pulumi.dynamic.ResourceProvider<Inputs, Outputs> = {
  async create(inputs) {
    const authority = await makeAuthority();
    const made = await issueCertificate(authority, inputs.names, inputs.days);
    // The authority's fingerprint stays the same when the certificate is renewed.
    return { id: fingerprintOf(authority.caCertificate), outs: { ...inputs, ...authority, ...made } };
  },
  async diff(_id, olds, news) {
    // Without the authority's key in the state, no certificate can be issued.
    const replaces = olds.caKey === undefined || olds.authority !== news.authority ? ["authority"] : [];
    const renewed = (["names", "days", "renewal"] as const).some(
      (name) => JSON.stringify(olds[name]) !== JSON.stringify(news[name]),
    );
    return { changes: renewed || replaces.length > 0, replaces, deleteBeforeReplace: false };
  },
  async update(_id, olds, news) {
    const { caCertificate, caKey } = olds;
    // The key stays: the product must still read what it encrypted with it, and its signatures stay valid.
    const made = await issueCertificate({ caCertificate, caKey }, news.names, news.days, olds.privateKey);
    return { outs: { ...news, caCertificate, caKey, ...made } };
  },
};

/**
 * The deployment's own authority and the certificate of all its servers, kept in the state. Other names or a renewal
 * create a new certificate by the same authority for the same key, so servers with the old and the new one trust each
 * other.
 */
export class DeploymentCertificate extends pulumi.dynamic.Resource {
  /** PEM; secret. */
  declare readonly privateKey: pulumi.Output<string>;
  /** PEM. */
  declare readonly certificate: pulumi.Output<string>;
  /** PEM: the certificate that a client must trust. */
  declare readonly caCertificate: pulumi.Output<string>;

  constructor(
    name: string,
    args: {
      /** Every DNS name and address that the certificate carries. */
      readonly names: readonly string[];
      /** 1..7300 */
      readonly days: number;
      /** Another value creates a new certificate. */
      readonly renewal: string;
      /** Another value creates a new authority and a new key. */
      readonly authority: string;
    },
    opts?: pulumi.CustomResourceOptions,
  ) {
    const computed = { privateKey: undefined, certificate: undefined, caCertificate: undefined, caKey: undefined };
    super(
      provider,
      name,
      { ...computed, ...args, names: [...args.names] },
      { ...opts, additionalSecretOutputs: ["privateKey", "caKey"] },
    );
  }

  get chain(): pulumi.Output<readonly string[]> {
    return pulumi.all([this.certificate, this.caCertificate]);
  }
}
