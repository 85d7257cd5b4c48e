import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apiFileName, type DeployedApi, formatApi, parseApi } from "./apiFile";
import { synapseDirectory } from "./configuration/synapse";
import { codeOf, describe } from "./errors";
import type { Log } from "./log";

/**
 * The APIs of one directory: one synapse file each, as the product keeps them. Other gateways may write there too; what
 * they did is seen at the next call, as the product's hot deployment sees it within seconds.
 */
export interface DeployedApis {
  readonly all: () => readonly DeployedApi[];
  readonly deploy: (api: DeployedApi) => void;
  /** @returns whether it was there */
  readonly remove: (api: Pick<DeployedApi, "name" | "provider" | "version">) => boolean;
}

/** Two changes of a directory within this time, in ms, may leave the same time of its last change. */
const clockMilliseconds = 100;

/** What was deployed before is there again. */
export function deployedApis(carbonHome: string, log: Log): DeployedApis {
  const directory = join(carbonHome, synapseDirectory);
  let last: { readonly changed: number; readonly read: number; readonly apis: readonly DeployedApi[] } | undefined;
  return {
    all: () => {
      const changed = statSync(directory).mtimeMs;
      if (last?.changed !== changed || last.read - changed < clockMilliseconds) {
        last = { changed, read: Date.now(), apis: readApis(directory, log) };
      }
      return last.apis;
    },
    deploy: (api) => {
      const path = join(directory, apiFileName(api));
      mkdirSync(directory, { recursive: true });
      // In one step, so that a server that is killed leaves no half file, and nobody else reads one.
      writeFileSync(`${path}.new`, formatApi(api));
      renameSync(`${path}.new`, path);
    },
    remove: (api) => {
      const path = join(directory, apiFileName(api));
      const wasThere = existsSync(path);
      rmSync(path, { force: true });
      return wasThere;
    },
  };
}

function readApis(directory: string, log: Log): DeployedApi[] {
  return readdirSync(directory)
    .filter((file) => file.includes("--") && file.endsWith(".xml"))
    .flatMap((file) => {
      try {
        return parseApi(readFileSync(join(directory, file), "utf8")) ?? [];
      } catch (error) {
        // One that is gone by now was removed by another gateway.
        if (codeOf(error) !== "ENOENT") {
          log.error(`${synapseDirectory}/${file} is not deployed: ${describe(error)}`);
        }
        return [];
      }
    });
}

/** The API that serves a path: the longest context wins. */
export function apiFor(apis: readonly DeployedApi[], path: string): DeployedApi | undefined {
  return apis
    .filter(({ context }) => path === context || path.startsWith(`${context}/`))
    .sort((one, other) => other.context.length - one.context.length)[0];
}
