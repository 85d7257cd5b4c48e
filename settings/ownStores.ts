import * as path from "node:path";
import type { SecretSetting } from "./field";
import type { Settings } from "./schema";
import { secretSetting } from "./secrets";

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
export async function ownStores(settings: Settings, projectDirectory: string): Promise<OwnStores> {
  const [password = "", keyPassword, truststorePassword = ""] = await Promise.all(
    (["keystorePassword", "keyPassword", "truststorePassword"] as const).map(plain),
  );
  const { keystore, truststore, keystoreAlias: alias } = settings;
  return {
    ...(keystore !== "" && {
      keystore: {
        path: path.resolve(projectDirectory, keystore),
        alias,
        password,
        ...(keyPassword && { keyPassword }),
      },
    }),
    ...(truststore !== "" && {
      truststore: { path: path.resolve(projectDirectory, truststore), password: truststorePassword },
    }),
  };
}

function plain(name: SecretSetting): Promise<string | undefined> {
  const secret = secretSetting(name);
  return new Promise((resolve) => {
    if (secret === undefined) resolve(undefined);
    else secret.apply(resolve);
  });
}
