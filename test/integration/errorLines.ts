/** A kind of ERROR line that the product writes although nothing is wrong. */
export interface HarmlessError {
  readonly pattern: RegExp;
  readonly reason: string;
}

/** The ERROR lines of 1.9.0 that were seen on a deployment that works, each with its reason. */
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
    pattern: /Invalid OAuth Token|Access token .*(invalid|expired|inactive)|Error in validating access token/i,
    reason: "verify calls with a wrong and with a revoked token on purpose",
  },
];

/** The ERROR lines of a log that none of the known harmless ones explains. */
export function unknownErrors(log: string): string[] {
  return log
    .split("\n")
    .filter((line) => /\bERROR\b/.test(line) && !harmlessErrors.some(({ pattern }) => pattern.test(line)));
}
