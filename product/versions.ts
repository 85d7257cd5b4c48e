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

/** What the files of a version have: a file without it is not complete, or of another version. */
export interface VersionTraits {
  /** The element of api-manager.xml about key validation. From 1.9 on, APIKeyManager is for another vendor's key manager. */
  readonly keyValidation: "APIKeyValidator" | "APIKeyManager";
  /** api-manager.xml: APIStore/URL and APIPublisher/URL. */
  readonly hasPortalUrls: boolean;
  /** The analytics server of APIUsageTracking; 1.9.0 takes its address from the admin dashboard. */
  readonly analyticsServer?: "BAM" | "DAS";
}

/** @param version as in carbon.xml, e.g. `1.9.0` */
export function traitsOf(version: string): VersionTraits {
  return {
    keyValidation: isSince(version, "1.9.0") ? "APIKeyValidator" : "APIKeyManager",
    hasPortalUrls: isSince(version, "1.7.0"),
    ...(version !== "1.9.0" && { analyticsServer: isSince(version, "1.10.0") ? "DAS" : "BAM" }),
  };
}
