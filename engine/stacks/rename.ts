import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import * as path from "node:path";
import { writeAtomically } from "../backend/atomicFile";
import { type Project, readOwnProject } from "../backend/project";
import { StateFile } from "../backend/stateFile";
import { whileLocked } from "../backend/stateLock";
import { STACK_TYPE } from "../model";
import { isObject } from "../values";

/**
 * Renames a stack: its state, with all URNs in it, and its settings file. The names of its resources in the world do not
 * change. A rename that was killed can be repeated.
 *
 * @param say reports the removal of a dead process's lock
 * @throws when there is no stack `from`, when there is another stack `to`, or when a run holds one of the two
 */
export async function renameStack(
  projectDir: string,
  from: string,
  to: string,
  say: (message: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const [old, renamed] = [readOwnProject(projectDir, from), readOwnProject(projectDir, to)];
  if (from === to) throw new Error(`stack ${from}: expected another name, found the same`);
  const [source, target] = [StateFile.of(old, env), StateFile.of(renamed, env)];
  if (!existsSync(source.file) && !existsSync(old.stackFile))
    throw new Error(`stack ${from}: there is neither a state nor a ${path.basename(old.stackFile)}`);
  source.read();
  await whileLocked(source, say, () => whileLocked(target, say, () => move(old, renamed, source, target)));
}

async function move(old: Project, renamed: Project, source: StateFile, target: StateFile): Promise<void> {
  const to = renamed.stack;
  const state = existsSync(source.file) ? readFileSync(source.file, "utf8") : undefined;
  const settings = existsSync(old.stackFile) ? readFileSync(old.stackFile) : undefined;
  const newState = state === undefined ? undefined : JSON.stringify(rewrite(JSON.parse(state), source, target));
  // An earlier attempt that was killed has written the same; anything else belongs to another stack.
  refuseOther(target.file, newState, to);
  if (!existsSync(target.file)) {
    refuseOther(renamed.stackFile, settings, to);
    if (settings !== undefined) await writeAtomically(renamed.stackFile, settings);
    if (newState !== undefined) await writeAtomically(target.file, newState);
  }
  // What only the Pulumi CLI writes.
  for (const kept of ["history", "backups"]) {
    const place = ({ bookkeeping, stack: { project, stack } }: StateFile) =>
      path.join(bookkeeping, kept, project, stack);
    if (existsSync(place(source)) && !existsSync(place(target))) renameSync(place(source), place(target));
  }
  rmSync(old.stackFile, { force: true });
  if (state !== undefined) renameSync(source.file, `${source.file}.bak`);
}

function refuseOther(file: string, expected: string | Buffer | undefined, to: string): void {
  if (!existsSync(file)) return;
  if (expected !== undefined && readFileSync(file).equals(Buffer.from(expected))) return;
  throw new Error(`stack ${to}: expected no such stack, found ${file}; choose another name`);
}

/** A state with the stack's new name in every URN, as `pulumi stack rename` leaves it. */
function rewrite(value: unknown, { stack: from }: StateFile, { stack: to }: StateFile): unknown {
  const prefix = ({ stack, project }: typeof from) => `urn:pulumi:${stack}::${project}::`;
  const root = ({ stack, project }: typeof from) => `${STACK_TYPE}::${project}-${stack}`;
  const text = (given: string): string => {
    if (given === `organization/${from.project}/${from.stack}`) return `organization/${to.project}/${to.stack}`;
    if (!given.startsWith(prefix(from))) return given;
    const rest = given.slice(prefix(from).length);
    return prefix(to) + (rest === root(from) ? root(to) : rest);
  };
  const walk = (each: unknown): unknown => {
    if (typeof each === "string") return text(each);
    if (Array.isArray(each)) return each.map(walk);
    if (!isObject(each as never)) return each;
    return Object.fromEntries(Object.entries(each as object).map(([key, member]) => [key, walk(member)]));
  };
  return walk(value);
}
