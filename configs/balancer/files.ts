/** The load balancer's directory in its container, and the names of its files there. */
export const balancerFiles = {
  directory: "/usr/local/etc/haproxy",
  configuration: "haproxy.cfg",
  /** Names the revision of the configuration and the certificates. */
  revision: "revision",
  /**
   * Written once all other files are there. Contains the revision, and an id that is new each time the files are brought.
   * HAProxy answers with the text that it has loaded.
   */
  complete: "complete",
  /** Certificate chain and private key. */
  certificate: "balancer.pem",
  /** The authorities that sign the nodes' certificates. */
  authority: "ca.pem",
} as const;

/** Certificate chain and private key in one text, as HAProxy reads them. @param chain PEM @param key PEM */
export function balancerPem(chain: readonly string[], key: string): string {
  return [...chain, key].join("");
}
