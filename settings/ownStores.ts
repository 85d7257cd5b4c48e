import * as path from "node:path";
import type { Settings } from "./schema";
import { secretText } from "./secrets";

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

/** @param projectDirectory that relative paths start from */
export function ownStores(settings: Settings, projectDirectory: string): OwnStores {
  const keyPassword = secretText("keyPassword");
  const { keystore, truststore, keystoreAlias: alias } = settings;
  return {
    ...(keystore !== "" && {
      keystore: {
        path: path.resolve(projectDirectory, keystore),
        alias,
        password: secretText("keystorePassword"),
        ...(keyPassword && { keyPassword }),
      },
    }),
    ...(truststore !== "" && {
      truststore: { path: path.resolve(projectDirectory, truststore), password: secretText("truststorePassword") },
    }),
  };
}
