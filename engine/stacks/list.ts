import { existsSync, readdirSync, statSync } from "node:fs";
import * as path from "node:path";
import { readProject } from "../backend/project";
import { backendDir, StateFile } from "../backend/stateFile";
import { isDefaultProvider } from "../model";

/** A stack that has a state or settings. */
export interface ListedStack {
  readonly name: string;
  /** How many resources the state has; undefined: there is no state, or it can't be read. */
  readonly resources: number | undefined;
  /** When the state was last written; undefined: there is no state. */
  readonly written: Date | undefined;
}

/** The stacks of a project, sorted by name: those with a state, and those with a Pulumi.<stack>.yaml. */
export function listStacks(projectDir: string, env: NodeJS.ProcessEnv = process.env): ListedStack[] {
  const project = readProject(projectDir, "any").name;
  const backend = backendDir(projectDir, env);
  const states = namesIn(path.join(backend, ".pulumi", "stacks", project), /^(.+)\.json$/);
  const settings = namesIn(projectDir, /^Pulumi\.(.+)\.yaml$/);
  return [...new Set([...states, ...settings])].sort().map((name) => {
    const file = new StateFile(backend, { project, stack: name });
    const written = existsSync(file.file) ? statSync(file.file).mtime : undefined;
    return { name, resources: resourcesIn(file), written };
  });
}

function namesIn(directory: string, pattern: RegExp): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).flatMap((name) => pattern.exec(name)?.[1] ?? []);
}

function resourcesIn(file: StateFile): number | undefined {
  try {
    return file.read()?.resources.filter(({ urn }) => !isDefaultProvider(urn)).length;
  } catch {
    // One damaged state must not hide the other stacks.
    return undefined;
  }
}
