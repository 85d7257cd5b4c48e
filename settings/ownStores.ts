import * as path from "node:path";
import type { RawSettings } from "./parse";
import type { Settings } from "./schema";
import type { SecretSetting } from "./schema/secrets";

/** A keystore file of the user's own and its password. */
export interface StoreFile {
  /** Absolute. */
  readonly path: string;
  /** Plain, because the file is read before any resource is created. */
  readonly password: string;
}

/** The user's own keystore and truststore; each is undefined if the stack does not name one. */
export interface OwnStores {
  readonly keystore?: StoreFile & {
    /** Undefined: the only key in the keystore. */
    readonly alias?: string | undefined;
    /** @default the keystore's password */
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
