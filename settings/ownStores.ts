import * as path from "node:path";
import type { SecretSetting } from "./field";
import type { RawSettings } from "./parse";
import type { Settings } from "./schema";

/** A keystore file of the user's, and how it opens. */
export interface StoreFile {
  /** Absolute. */
  readonly path: string;
  /** Plain: it must be tried before anything is registered, and goes nowhere else. */
  readonly password: string;
}

/** The user's own keystore and truststore, as far as the stack names them. */
export interface OwnStores {
  readonly keystore?: StoreFile & {
    /** Empty: the only key in it. */
    readonly alias: string;
    /** @default the keystore's */
    readonly keyPassword?: string;
  };
  readonly truststore?: StoreFile;
}

/**
 * The user's own keystore files, with their passwords.
 *
 * @param raw the settings with their secrets, in plain
 * @param directory that relative paths start from
 */
export function ownStores(settings: Settings, raw: RawSettings, directory: string): OwnStores {
  const secretText = (name: SecretSetting) => String(raw[name] ?? "");
  const keyPassword = secretText("keyPassword");
  const { keystore, truststore, keystoreAlias: alias } = settings;
  return {
    ...(keystore !== "" && {
      keystore: {
        path: path.resolve(directory, keystore),
        alias,
        password: secretText("keystorePassword"),
        ...(keyPassword && { keyPassword }),
      },
    }),
    ...(truststore !== "" && {
      truststore: { path: path.resolve(directory, truststore), password: secretText("truststorePassword") },
    }),
  };
}
