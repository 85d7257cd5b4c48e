/** Changes the passphrase of stacks. A change that was killed can be repeated. */

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync } from "node:fs";
import * as path from "node:path";
import { isPair, isScalar, parseDocument, visit } from "yaml";
import { writeAtomically } from "../backend/atomicFile";
import { Crypter } from "../backend/crypto";
import { givenPassphrase, nextPassphraseFile, passphraseIn } from "../backend/passphrase";
import { readOwnProject } from "../backend/project";
import { backendDir, StateFile } from "../backend/stateFile";
import { whileLocked } from "../backend/stateLock";
import { writeEncrypted } from "./encrypted";
import { listStacks } from "./list";

/** The passphrases before and after a change. */
interface Change {
  readonly before: string;
  readonly after: string;
}

/** Whether a file is the one that the embedded engine generated. */
export function isOwnPassphrase(projectDir: string, file: string, env: NodeJS.ProcessEnv = process.env): boolean {
  return path.resolve(file) === path.resolve(backendDir(projectDir, env), ".pulumi", "passphrase");
}

/**
 * Changes the passphrase of a stack whose passphrase the user gives in the environment.
 *
 * @throws when a file of the stack was encrypted with neither passphrase
 */
export async function changeGivenPassphrase(
  projectDir: string,
  stack: string,
  after: string,
  say: (message: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const before = givenPassphrase(env);
  if (before === undefined) throw new Error("PULUMI_CONFIG_PASSPHRASE: expected the present passphrase, found none");
  if (!(await changeStack(projectDir, stack, { before, after }, say, env)))
    throw new Error(`stack ${stack}: the passphrase is wrong; set PULUMI_CONFIG_PASSPHRASE to the present one`);
}

/**
 * Generates a new passphrase in place of `.pulumi/passphrase`, and encrypts every stack with it that was encrypted with
 * the old one.
 *
 * @returns the names of the stacks, and of those that have another passphrase and were left as they are
 * @throws when there is no such file
 */
export async function changeOwnPassphrase(
  projectDir: string,
  say: (message: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ readonly changed: readonly string[]; readonly others: readonly string[] }> {
  const { bookkeeping } = StateFile.of(readOwnProject(projectDir, "any"), env);
  const [own, next] = [path.join(bookkeeping, "passphrase"), nextPassphraseFile(bookkeeping)];
  if (!existsSync(own)) throw new Error(`${own}: expected the present passphrase, found no such file`);
  // An earlier change that was killed has encrypted some stacks with this one.
  if (!existsSync(next)) await writeAtomically(next, `${randomBytes(24).toString("base64url")}\n`);
  const change = { before: passphraseIn(own), after: passphraseIn(next) };
  const changed: string[] = [];
  const others: string[] = [];
  for (const { name } of listStacks(projectDir, env))
    ((await changeStack(projectDir, name, change, say, env)) ? changed : others).push(name);
  renameSync(next, own);
  return { changed, others };
}

/** @returns false, with nothing changed, if a file of the stack was encrypted with neither passphrase */
async function changeStack(
  projectDir: string,
  stack: string,
  change: Change,
  say: (message: string) => void,
  env: NodeJS.ProcessEnv,
): Promise<boolean> {
  const project = readOwnProject(projectDir, stack);
  const file = StateFile.of(project, env);
  return whileLocked(file, say, async () => {
    const stored = file.read();
    const [ofState, ofSettings] = await Promise.all([
      openWithEither(stored?.salt, file.file, change),
      openWithEither(project.salt, `${project.stackFile}: encryptionsalt`, change),
    ]);
    if (ofState === "neither" || ofSettings === "neither") return false;
    const after = await Crypter.create(change.after);
    if (stored && ofState instanceof Crypter) await writeEncrypted(file, stored, ofState, after);
    if (ofSettings instanceof Crypter) await encryptSettings(project.stackFile, ofSettings, after);
    return true;
  });
}

/** The key of a salt; `done`: there is no salt, or it fits the new passphrase already. */
async function openWithEither(
  salt: string | undefined,
  origin: string,
  { before, after }: Change,
): Promise<Crypter | "done" | "neither"> {
  if (salt === undefined) return "done";
  const open = (passphrase: string) => Crypter.open(passphrase, salt, origin).catch(() => undefined);
  return (await open(before)) ?? ((await open(after)) ? "done" : "neither");
}

/** Encrypts every `secure:` value again; comments and order stay. */
async function encryptSettings(stackFile: string, before: Crypter, after: Crypter): Promise<void> {
  const document = parseDocument(readFileSync(stackFile, "utf8"));
  visit(document, {
    Pair(_, pair) {
      if (!isPair(pair) || !isScalar(pair.key) || pair.key.value !== "secure" || !isScalar(pair.value)) return;
      pair.value.value = after.encrypt(before.decrypt(String(pair.value.value)));
    },
  });
  document.set("encryptionsalt", after.salt);
  await writeAtomically(stackFile, document.toString({ lineWidth: 0 }));
}
