import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apiFileName, type DeployedApi, formatApi, parseApi } from "./apiFile";
import { synapseDirectory } from "./configuration/synapse";

/** The APIs of one gateway: one synapse file each, as the product keeps them. */
export interface DeployedApis {
  readonly all: () => readonly DeployedApi[];
  readonly deploy: (api: DeployedApi) => void;
  /** @returns whether it was there */
  readonly remove: (api: Pick<DeployedApi, "name" | "provider" | "version">) => boolean;
}

/** Reads what was deployed before; later changes are written at once. */
export function deployedApis(carbonHome: string): DeployedApis {
  const directory = join(carbonHome, synapseDirectory);
  const apis = new Map<string, DeployedApi>();
  for (const file of readdirSync(directory)) {
    const api =
      file.includes("--") && file.endsWith(".xml") ? parseApi(readFileSync(join(directory, file), "utf8")) : undefined;
    if (api !== undefined) {
      apis.set(apiFileName(api), api);
    }
  }
  return {
    all: () => [...apis.values()],
    deploy: (api) => {
      const path = join(directory, apiFileName(api));
      mkdirSync(directory, { recursive: true });
      // In one step, so that a server that is killed leaves no half file.
      writeFileSync(`${path}.new`, formatApi(api));
      renameSync(`${path}.new`, path);
      apis.set(apiFileName(api), api);
    },
    remove: (api) => {
      rmSync(join(directory, apiFileName(api)), { force: true });
      return apis.delete(apiFileName(api));
    },
  };
}

/** The API that serves a path: the longest context wins. */
export function apiFor(apis: readonly DeployedApi[], path: string): DeployedApi | undefined {
  return apis
    .filter(({ context }) => path === context || path.startsWith(`${context}/`))
    .sort((one, other) => other.context.length - one.context.length)[0];
}
