import * as pulumi from "@pulumi/pulumi";
import type { StoredCertificate } from "../certificates/keystoreEntry";
import {
  balancerTrust,
  endOf,
  fingerprintOf,
  nodeKeystore,
  nodeTruststore,
  trustedBy,
  trustFingerprint,
} from "../certificates/nodeStores";
import type { KeyStoreFacts, TrustStoreFacts } from "../distribution";

/** The key that all servers show themselves with: the deployment's, or the user's own. */
export interface CertificateSource {
  /** PEM. */
  readonly privateKey: pulumi.Input<string>;
  /** PEM, the servers' own certificate first. */
  readonly chain: pulumi.Input<readonly string[]>;
  /** PEM: what a client must trust. */
  readonly caCertificate: pulumi.Input<string>;
}

export interface ServerCertificatesArgs {
  /** Where the product looks for its keystores, and how they open (carbon.xml `Security`). */
  readonly facts: { readonly keyStore: KeyStoreFacts; readonly trustStore: TrustStoreFacts };
  readonly source: CertificateSource;
  /** What is trusted besides the source's own authority. */
  readonly trusted: readonly StoredCertificate[];
}

/**
 * What nodes and balancer get of one key, its chain and what is trusted: the same for all of them.
 *
 * @see carbon.xml `Security/KeyStore`, `Security/TrustStore`
 */
export class ServerCertificates {
  readonly keystorePath: string;
  readonly truststorePath: string;
  /** Base64 of the nodes' JKS; secret. */
  readonly keystore: pulumi.Output<string>;
  /** Base64 of the nodes' JKS. */
  readonly truststore: pulumi.Output<string>;
  /** Certificate chain and key, as HAProxy reads them; secret. */
  readonly balancerPem: pulumi.Output<string>;
  /** What the truststore has, PEM: whom the balancer believes to be a node. */
  readonly balancerTrust: pulumi.Output<string>;
  /** What a client must trust, PEM. */
  readonly caCertificate: pulumi.Output<string>;
  /** When the first certificate of the chain ends, ISO. */
  readonly expires: pulumi.Output<string>;
  /** What a configuration revision keeps of them: it changes when one of them does, and tells nothing. */
  readonly keepers: Readonly<Record<"certificate" | "trusted certificates", pulumi.Output<string>>>;

  constructor({ facts, source, trusted }: ServerCertificatesArgs) {
    const privateKey = pulumi.secret(source.privateKey);
    const chain = pulumi.output(source.chain);
    const caCertificate = pulumi.output(source.caCertificate);
    const all = pulumi
      .all([chain, caCertificate])
      .apply(([[own = ""], root]) => trustedBy(own, root, trusted, facts.keyStore));
    this.keystorePath = facts.keyStore.location;
    this.truststorePath = facts.trustStore.location;
    this.keystore = pulumi
      .all([privateKey, chain])
      .apply(([key, certificates]) => nodeKeystore(key, certificates, facts.keyStore).toString("base64"));
    this.truststore = all.apply((entries) => nodeTruststore(entries, facts.trustStore).toString("base64"));
    this.balancerPem = pulumi.all([chain, privateKey]).apply(([certificates, key]) => [...certificates, key].join(""));
    this.balancerTrust = all.apply(balancerTrust);
    this.caCertificate = caCertificate;
    this.expires = chain.apply(endOf);
    this.keepers = {
      certificate: chain.apply(([own = ""]) => fingerprintOf(own)),
      "trusted certificates": caCertificate.apply((root) => trustFingerprint(root, trusted)),
    };
  }
}
