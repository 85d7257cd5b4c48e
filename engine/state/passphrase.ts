/** Where the passphrase of a stack's secrets comes from. */

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { Crypter } from "./crypto";

export interface Keys {
  /** Decrypts what the state file holds. */
  readonly state?: Crypter;
  /** Decrypts `secure:` values of Pulumi.<stack>.yaml. */
  readonly config?: Crypter;
  /** Encrypts what is written. */
  readonly write?: Crypter;
}

export interface KeyNeeds {
  /** The backend's `.pulumi` directory. */
  readonly bookkeeping: string;
  readonly stateSalt?: string;
  readonly configSalt?: string;
  /** For messages. */
  readonly stateFile: string;
  readonly stackFile: string;
  /** Whether secrets will be written, so that a salt (and a passphrase) must be made when there is none. */
  readonly writes: boolean;
  readonly env: NodeJS.ProcessEnv;
  say(message: string): void;
}

/**
 * Opens the salts with PULUMI_CONFIG_PASSPHRASE, else the file that PULUMI_CONFIG_PASSPHRASE_FILE names, else
 * `.pulumi/passphrase`, which is generated (mode 0600) when nothing was encrypted yet.
 *
 * @throws when there is no passphrase for an existing salt, or it does not fit.
 */
export async function openKeys(needs: KeyNeeds): Promise<Keys> {
  const { stateSalt, configSalt } = needs;
  if (stateSalt === undefined && configSalt === undefined && !needs.writes) return {};
  const passphrase = findPassphrase(needs);
  if (stateSalt === undefined && configSalt === undefined) return { write: await Crypter.create(passphrase) };
  const [state, config] = await Promise.all([
    stateSalt === undefined ? undefined : Crypter.open(passphrase, stateSalt, needs.stateFile),
    configSalt === undefined || configSalt === stateSalt
      ? undefined
      : Crypter.open(passphrase, configSalt, `${needs.stackFile}: encryptionsalt`),
  ]);
  const forConfig = config ?? (configSalt === undefined ? undefined : state);
  return { state, config: forConfig, write: forConfig ?? state };
}

function findPassphrase(needs: KeyNeeds): string {
  const { PULUMI_CONFIG_PASSPHRASE: direct, PULUMI_CONFIG_PASSPHRASE_FILE: named } = needs.env;
  if (direct !== undefined) return direct;
  if (named !== undefined && named !== "") {
    if (!existsSync(named)) throw new Error(`PULUMI_CONFIG_PASSPHRASE_FILE: ${named}: not found`);
    return readFileSync(named, "utf8").trim();
  }
  const made = existsSync(path.join(needs.bookkeeping, "passphrase"));
  if (!made && (needs.stateSalt !== undefined || needs.configSalt !== undefined))
    throw new Error(
      "this stack's secrets need their passphrase; set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
    );
  return findOrMakePassphrase(needs.bookkeeping, needs.say);
}

/** `passphrase` in the backend's `.pulumi` directory, made (mode 0600) and told of when it is not there. */
export function findOrMakePassphrase(bookkeeping: string, say: (message: string) => void): string {
  const own = path.join(bookkeeping, "passphrase");
  if (existsSync(own)) return readFileSync(own, "utf8").trim();
  const passphrase = randomBytes(24).toString("base64url");
  mkdirSync(bookkeeping, { recursive: true });
  writeFileSync(own, `${passphrase}\n`, { mode: 0o600, flag: "wx" });
  say(
    `Made a passphrase for this stack's secrets: ${own} (keep it). For the Pulumi CLI: export PULUMI_CONFIG_PASSPHRASE_FILE=${own}`,
  );
  return passphrase;
}
