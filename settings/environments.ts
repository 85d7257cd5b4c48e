/** Which keys a gateway takes. */
export type EnvironmentType = "hybrid" | "production" | "sandbox";

/** One entry of the setting `gatewayEnvironments`. */
export interface EnvironmentSetting {
  /** Lower-case, unique: part of the names of its nodes and of its host name. */
  readonly name: string;
  readonly type: EnvironmentType;
  /** What the Publisher and the Store call it, e.g. `Production and Sandbox`. */
  readonly title: string;
}

/** What the setting `gatewayEnvironments` must look like. */
export const environmentsPattern =
  /^\s*([a-z][a-z0-9-]{0,18}[a-z0-9]\s*=\s*)?(hybrid|production|sandbox)\s*(,\s*([a-z][a-z0-9-]{0,18}[a-z0-9]\s*=\s*)?(hybrid|production|sandbox)\s*)*$/;

const titles: Readonly<Record<EnvironmentType, string>> = {
  hybrid: "Production and Sandbox",
  production: "Production",
  sandbox: "Sandbox",
};

/**
 * Reads `hybrid`, `production, sandbox` or `europe=production, asia=production, test=sandbox`.
 *
 * @param text matches {@link environmentsPattern}
 */
export function parseEnvironments(text: string): EnvironmentSetting[] {
  return text.split(",").map((entry) => {
    const [first = "", second] = entry.split("=").map((part) => part.trim());
    const type = (second ?? first) as EnvironmentType;
    return { name: first, type, title: second === undefined ? titles[type] : first };
  });
}
