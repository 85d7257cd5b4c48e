/** The kind of keys that a gateway accepts. */
export type EnvironmentType = "hybrid" | "production" | "sandbox";

/** One entry of the setting `gatewayEnvironments`. */
export interface EnvironmentSetting {
  /** Lower-case and unique: a part of its nodes' names and of its host name. */
  readonly name: string;
  readonly type: EnvironmentType;
  /** The name of the environment in Publisher and Store, e.g. `Production and Sandbox`. */
  readonly title: string;
}

/** The form of the setting `gatewayEnvironments`. */
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
