/** Finds or generates the passphrase of a stack's secrets. */

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { link } from "node:fs/promises";
import * as path from "node:path";
import { writeAtomically } from "./atomicFile";
import { Crypter } from "./crypto";
import type { Project } from "./project";
import type { StateFile } from "./stateFile";

export interface Keys {
  /** Decrypts the state. */
  readonly state?: Crypter;
  /** Decrypts `secure:` values of Pulumi.<stack>.yaml. */
  readonly config?: Crypter;
  /** Encrypts new values. */
  readonly write?: Crypter;
}

export interface KeyNeeds {
  readonly file: Pick<StateFile, "file" | "bookkeeping">;
  readonly project: Pick<Project, "stackFile" | "salt">;
  readonly env: NodeJS.ProcessEnv;
  readonly stateSalt?: string;
  /** Whether secrets will be written: a missing salt and passphrase are then generated. */
  readonly writes: boolean;
  say(message: string): void;
}

/**
 * Derives the keys from PULUMI_CONFIG_PASSPHRASE, else from the file named by PULUMI_CONFIG_PASSPHRASE_FILE, else from
 * `.pulumi/passphrase`, which is generated (mode 0600) if nothing was encrypted yet.
 *
 * @throws when the passphrase of an existing salt is missing or wrong
 */
export async function openKeys({ file, project, env, stateSalt, writes, say }: KeyNeeds): Promise<Keys> {
  const { salt: configSalt, stackFile } = project;
  const isNew = stateSalt === undefined && configSalt === undefined;
  if (isNew && !writes) return {};
  const passphrase = givenPassphrase(env) ?? (await ownPassphrase(file.bookkeeping, isNew ? say : undefined));
  if (isNew) return { write: await Crypter.create(passphrase) };
  const open = (salt: string | undefined, origin: string) =>
    salt === undefined ? undefined : Crypter.open(passphrase, salt, origin);
  const opened = open(stateSalt, file.file);
  const [state, config] = await Promise.all([
    opened,
    configSalt === stateSalt ? opened : open(configSalt, `${stackFile}: encryptionsalt`),
  ]);
  return { state, config, write: config ?? state };
}

/** The passphrase in the environment, or in the file that it names. */
export function givenPassphrase(env: NodeJS.ProcessEnv): string | undefined {
  const { PULUMI_CONFIG_PASSPHRASE: direct, PULUMI_CONFIG_PASSPHRASE_FILE: file } = env;
  if (direct !== undefined || !file) return direct;
  if (!existsSync(file))
    throw new Error(`PULUMI_CONFIG_PASSPHRASE_FILE: ${file}: file not found; create it or correct the path`);
  return passphraseIn(file);
}

/** @throws when the file is empty, which means that the passphrase was lost */
export function passphraseIn(file: string): string {
  const passphrase = readFileSync(file, "utf8").trim();
  if (passphrase !== "") return passphrase;
  throw new Error(
    `${file}: expected a passphrase, found an empty file; restore it from a backup, or remove it if nothing was encrypted yet (to use an empty passphrase, set PULUMI_CONFIG_PASSPHRASE="")`,
  );
}

/** The new passphrase, as long as a change is under way. */
export const nextPassphraseFile = (bookkeeping: string): string => path.join(bookkeeping, "passphrase.next");

/**
 * The passphrase in the file `passphrase` of the backend's `.pulumi` directory.
 *
 * @param say reports a generated passphrase (mode 0600); without it, none is generated
 * @throws when the file is missing and none is generated, when it is empty, or when it can't be written
 */
export async function ownPassphrase(
  bookkeeping: string,
  say: ((message: string) => void) | undefined,
): Promise<string> {
  const own = path.join(bookkeeping, "passphrase");
  const next = nextPassphraseFile(bookkeeping);
  if (existsSync(next))
    throw new Error(`${next}: a change of the passphrase was interrupted; run: npm run stack -- change-passphrase`);
  if (existsSync(own)) return passphraseIn(own);
  if (say === undefined)
    throw new Error(
      "the passphrase of this stack's secrets is missing; set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
    );
  const passphrase = randomBytes(24).toString("base64url");
  try {
    await writeAtomically(own, `${passphrase}\n`, { place: link });
  } catch (error) {
    // A run of another stack has just created the file.
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return passphraseIn(own);
    throw error;
  }
  say(
    `Generated a passphrase for this stack's secrets: ${own} (keep it). For the Pulumi CLI: export PULUMI_CONFIG_PASSPHRASE_FILE=${own}`,
  );
  return passphrase;
}
