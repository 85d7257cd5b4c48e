import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apiFileName, type DeployedApi, formatApi, parseApi } from "./apiFile";
import { synapseDirectory } from "./configuration/synapse";
import { codeOf, describe } from "./errors";
import type { Log } from "./log";

/**
 * The APIs of one directory, each in a synapse file as in the product. Other gateways may write to the directory too:
 * their changes have effect at the next call (in the product after some seconds, by hot deployment).
 */
export interface DeployedApis {
  readonly all: () => readonly DeployedApi[];
  readonly deploy: (api: DeployedApi) => void;
  /** @returns whether the API was deployed */
  readonly remove: (api: Pick<DeployedApi, "name" | "provider" | "version">) => boolean;
}

/** Two changes of a directory within this time may leave the same modification time. */
const clockMilliseconds = 100;

/**
 * Opens the directory; APIs that were deployed before a restart are still there.
 * @param path below CARBON_HOME
 */
export function deployedApis(carbonHome: string, log: Log, path = synapseDirectory): DeployedApis {
  const directory = join(carbonHome, path);
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
      // Renamed in one step, so that nobody reads half a file, even when the server is killed.
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
        // ENOENT: another gateway has removed the file in the meantime.
        if (codeOf(error) !== "ENOENT") {
          log.error(`${synapseDirectory}/${file} is not deployed: ${describe(error)}`);
        }
        return [];
      }
    });
}

/** The API with the longest context that a path begins with. */
export function apiFor(apis: readonly DeployedApi[], path: string): DeployedApi | undefined {
  return apis
    .filter(({ context }) => path === context || path.startsWith(`${context}/`))
    .sort((one, other) => other.context.length - one.context.length)[0];
}
