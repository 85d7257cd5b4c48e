import * as pulumi from "@pulumi/pulumi";
import {
  balancerTrust,
  endOf,
  fingerprintOf,
  nodeKeystore,
  nodeTruststore,
  trustedBy,
  trustFingerprint,
} from "../certificates/nodeStores";
import { balancerPem } from "../configs/balancer";
import type { DeploymentPlan } from "../plan";
import { DeploymentCertificate } from "./deploymentCertificate";

/** Arguments of {@link ServerCertificates}. */
export interface ServerCertificatesArgs {
  readonly plan: DeploymentPlan;
}

/** The private key of all servers and its certificates. */
interface KeySource {
  /** PEM. */
  readonly privateKey: pulumi.Input<string>;
  /** PEM; the servers' own certificate is the first. */
  readonly chain: pulumi.Input<readonly string[]>;
  /** PEM: the certificate that a client must trust. */
  readonly caCertificate: pulumi.Input<string>;
}

/**
 * Keystore, truststore and certificates, the same for all nodes and the load balancer: of the user's own keystore if the
 * plan has one, otherwise of an authority that is created with the deployment and kept in its state.
 *
 * @see carbon.xml `Security/KeyStore`, `Security/TrustStore`
 * @example
 * ```ts
 * const certificates = new ServerCertificates("certificates", { plan });
 * export const ca = certificates.caCertificate;
 * ```
 */
export class ServerCertificates extends pulumi.ComponentResource {
  /** The nodes' keystore: JKS in base64; secret. */
  readonly keystore: pulumi.Output<string>;
  /** The nodes' truststore: JKS in base64. */
  readonly truststore: pulumi.Output<string>;
  /** Certificate chain and key as the load balancer reads them; secret. */
  readonly balancerPem: pulumi.Output<string>;
  /** The certificates in the truststore, PEM: the load balancer trusts a node by them. */
  readonly balancerTrust: pulumi.Output<string>;
  /** The certificate that a client must trust, PEM. */
  readonly caCertificate: pulumi.Output<string>;
  /** When the first certificate of the chain ends, ISO. */
  readonly expires: pulumi.Output<string>;
  /** Fingerprints for the revision of a server's files: they change with the certificates and are not secret. */
  readonly keepers: Readonly<Record<"certificate" | "trusted certificates", pulumi.Output<string>>>;

  constructor(name: string, args: ServerCertificatesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("wso2:apim:ServerCertificates", name, {}, opts);
    const { keyStore, trustStore } = args.plan.stores;
    const { key, trusted } = args.plan.certificates;
    const source: KeySource = key ?? this.createCertificate(name, args.plan);
    const privateKey = pulumi.secret(source.privateKey);
    const chain = pulumi.output(source.chain);
    const caCertificate = pulumi.output(source.caCertificate);
    const all = pulumi
      .all([chain, caCertificate])
      .apply(([[own = ""], root]) => trustedBy(own, root, trusted, keyStore));
    this.keystore = pulumi
      .all([privateKey, chain])
      .apply(([pem, certificates]) => nodeKeystore(pem, certificates, keyStore).toString("base64"));
    this.truststore = all.apply((entries) => nodeTruststore(entries, trustStore).toString("base64"));
    this.balancerPem = pulumi.all([chain, privateKey]).apply(([certificates, pem]) => balancerPem(certificates, pem));
    this.balancerTrust = all.apply(balancerTrust);
    this.caCertificate = caCertificate;
    this.expires = chain.apply(endOf);
    this.keepers = {
      certificate: chain.apply(([own = ""]) => fingerprintOf(own)),
      "trusted certificates": caCertificate.apply((root) => trustFingerprint(root, trusted)),
    };
    this.registerOutputs({ caCertificate: this.caCertificate, expires: this.expires });
  }

  private createCertificate(name: string, { settings, topology }: DeploymentPlan): DeploymentCertificate {
    return new DeploymentCertificate(
      `${name}-keystore`,
      {
        names: topology.certificateNames,
        days: settings.certificateDays,
        renewal: settings.certificateRenewal,
        authority: settings.authorityRenewal,
      },
      { parent: this },
    );
  }
}
