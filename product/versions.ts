/** Versions whose files this program knows, oldest first. */
export const supportedVersions = ["1.5.0", "1.6.0", "1.7.0", "1.8.0", "1.9.0", "1.9.1", "1.10.0"] as const;

/** Whether version `a` is `b` or newer; both like `1.10.0`. */
export function isSince(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  for (let index = 0; index < 3; index++) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** Elements that the files of a version have: a file without them is not complete. */
export interface VersionTraits {
  /** api-manager.xml: RevokeAPIURL in the key validation element. */
  readonly hasRevokeApiUrl: boolean;
  /** api-manager.xml: APIStore/URL and APIPublisher/URL. */
  readonly hasPortalUrls: boolean;
  /** api-manager.xml: APIUsageTracking/BAMServerURL. */
  readonly hasBamServer: boolean;
}

/** @param version as in carbon.xml, e.g. `1.9.0` */
export function traitsOf(version: string): VersionTraits {
  return {
    hasRevokeApiUrl: isSince(version, "1.7.0"),
    hasPortalUrls: isSince(version, "1.7.0"),
    hasBamServer: !isSince(version, "1.9.0"),
  };
}
