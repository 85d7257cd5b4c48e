/** Where the passphrase of a stack's secrets comes from. */

import { randomBytes } from "node:crypto";
import { existsSync, linkSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { Crypter } from "./crypto";
import { makeFile } from "./newFile";
import type { Project } from "./project";
import type { StateFile } from "./stateFile";

export interface Keys {
  /** Decrypts what the state file holds. */
  readonly state?: Crypter;
  /** Decrypts `secure:` values of Pulumi.<stack>.yaml. */
  readonly config?: Crypter;
  /** Encrypts what is written. */
  readonly write?: Crypter;
}

export interface KeyNeeds {
  readonly file: Pick<StateFile, "file" | "bookkeeping">;
  readonly project: Pick<Project, "stackFile" | "salt">;
  readonly env: NodeJS.ProcessEnv;
  readonly stateSalt?: string;
  /** Whether secrets will be written, so that a salt (and a passphrase) must be made when there is none. */
  readonly writes: boolean;
  say(message: string): void;
}

/**
 * Opens the salts with PULUMI_CONFIG_PASSPHRASE, else the file that PULUMI_CONFIG_PASSPHRASE_FILE names, else
 * `.pulumi/passphrase`, which is generated (mode 0600) when nothing was encrypted yet.
 *
 * @throws when there is no passphrase for an existing salt, or it does not fit.
 */
export async function openKeys({ file, project, env, stateSalt, writes, say }: KeyNeeds): Promise<Keys> {
  const { salt: configSalt, stackFile } = project;
  const isNew = stateSalt === undefined && configSalt === undefined;
  if (isNew && !writes) return {};
  const passphrase = givenPassphrase(env) ?? ownPassphrase(file.bookkeeping, isNew ? say : undefined);
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

function givenPassphrase(env: NodeJS.ProcessEnv): string | undefined {
  const { PULUMI_CONFIG_PASSPHRASE: direct, PULUMI_CONFIG_PASSPHRASE_FILE: file } = env;
  if (direct !== undefined || !file) return direct;
  if (!existsSync(file)) throw new Error(`PULUMI_CONFIG_PASSPHRASE_FILE: ${file}: not found`);
  return passphraseIn(file);
}

/** @throws when it is empty: what it should hold was lost, and everything would be encrypted with nothing. */
function passphraseIn(file: string): string {
  const passphrase = readFileSync(file, "utf8").trim();
  if (passphrase !== "") return passphrase;
  throw new Error(
    `${file}: expected a passphrase, found an empty file; restore it from a backup, or remove it if nothing was encrypted yet (for secrets whose passphrase is empty: PULUMI_CONFIG_PASSPHRASE="")`,
  );
}

/**
 * `passphrase` in the backend's `.pulumi` directory.
 *
 * @param say told of a new one (mode 0600); without it, none is made
 * @throws when there is none and none is made, when it is empty, or can't be written
 */
export function ownPassphrase(bookkeeping: string, say: ((message: string) => void) | undefined): string {
  const own = path.join(bookkeeping, "passphrase");
  if (existsSync(own)) return passphraseIn(own);
  if (say === undefined)
    throw new Error(
      "this stack's secrets need their passphrase; set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
    );
  const passphrase = randomBytes(24).toString("base64url");
  try {
    makeFile(own, `${passphrase}\n`, `${own}.${process.pid}.tmp`, linkSync);
  } catch (error) {
    // Another stack's run has made it at the same moment.
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return passphraseIn(own);
    throw error;
  }
  say(
    `Made a passphrase for this stack's secrets: ${own} (keep it). For the Pulumi CLI: export PULUMI_CONFIG_PASSPHRASE_FILE=${own}`,
  );
  return passphrase;
}
