/** A kind of ERROR entry that the product writes although nothing is wrong. */
export interface HarmlessError {
  /** Matches the ERROR line, with its stack trace if there is one. */
  readonly pattern: RegExp;
  readonly reason: string;
}

/** The ERROR entries of 1.9.0 that were seen on a deployment that works, each with its reason. */
export const harmlessErrors: readonly HarmlessError[] = [
  {
    pattern: /CARBON is supported only on JDK 1\.6 and 1\.7/,
    reason: "the server was released before JDK 8, and runs on it",
  },
  {
    pattern: /HazelcastClusteringAgent Could not acquire Hazelcast coordinator lock/,
    reason: "the server was stopping, and no longer needs the lock",
  },
  {
    pattern: /SolrCore java\.\S*(ClosedByInterruptException|RuntimeException: java\.lang\.InterruptedException)/,
    reason: "the server was stopping, and interrupts the indexing of the registry",
  },
  {
    pattern: /Invalid OAuth Token|Access token .*(invalid|expired|inactive)|Error in validating access token/i,
    reason: "verify calls with a wrong and with a revoked token on purpose",
  },
  {
    pattern: /NativeWorkerPool Uncaught exception\njava\.lang\.NullPointerException\n\s+at \S+\.getTenantManager\(/,
    reason: "the health check and the load balancer ask a gateway's API port until it can answer; this was too early",
  },
  {
    pattern:
      /RPCMessageReceiver Exception .* service method getApiForTenant\n[\s\S]*EmptyStackException[\s\S]*endTenantFlow/,
    reason: "asked for a tenant's API that it does not have, a gateway ends a tenant flow that it has not begun",
  },
  {
    pattern: /APIGatewayManager Error occurred when check api is published [\s\S]*service method getApiForTenant/,
    reason: "the Publisher's side of this; it then adds the API to the gateway",
  },
  {
    pattern:
      /RegistryCoreServiceComponent Unable to create fixed remote mounts\.\s*\n.*does not exist at path \/_system\//,
    reason:
      "two Key Managers load a new tenant at the same moment; the one that comes second finds half of its registry",
  },
  {
    pattern:
      /(TenantAxisUtils Error occurred while running deployment for|CarbonAuthenticationUtil Error trying load) tenant\b/,
    reason: "the same: the tenant is loaded when it is used next",
  },
  {
    pattern:
      /AbstractKeyValidationHandler Error occurred while generating JWT\.\s*\n.*Error in obtaining tenant's keystore/,
    reason: "the same: the keystore of a tenant that was just made is not there yet",
  },
];

/** The ERROR lines of a log that none of the known harmless entries explains. */
export function unknownErrors(log: string): string[] {
  // An entry begins with a time; the lines of a stack trace follow.
  return log
    .split(/\n(?=\s*\[)/)
    .filter((entry) => /^.*\bERROR\b/.test(entry) && !harmlessErrors.some(({ pattern }) => pattern.test(entry)))
    .flatMap((entry) => entry.split("\n").slice(0, 1));
}
