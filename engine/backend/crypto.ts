/** The passphrase secrets provider, as the official engine's: salt, key derivation, ciphertext. */

import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

const ITERATIONS = 1_000_000;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CHECK = "pulumi";

/** Encrypts and decrypts with a key derived from the passphrase and the salt. */
export class Crypter {
  private constructor(
    private readonly key: Buffer,
    /** `v1:<salt>:v1:<nonce>:<ciphertext of "pulumi">`; kept in the state and in Pulumi.<stack>.yaml. */
    readonly salt: string,
    /** Where the salt stands. */
    private readonly origin = "",
  ) {}

  /** A new salt; slow on purpose (some tenths of a second), off the main thread. */
  static async create(passphrase: string): Promise<Crypter> {
    const salt = randomBytes(8);
    const key = await deriveKey(passphrase, salt);
    return new Crypter(key, `v1:${salt.toString("base64")}:${encryptWith(key, CHECK)}`);
  }

  /** @throws when the passphrase is not the one that `salt` was made with; `origin` says where the salt stands. */
  static async open(passphrase: string, salt: string, origin: string): Promise<Crypter> {
    const [version, bytes, ...check] = salt.split(":");
    if (version !== "v1" || bytes === undefined || check.length !== 3)
      throw new Error(`${origin}: expected a salt "v1:<salt>:v1:<nonce>:<text>", found "${salt}"`);
    const key = await deriveKey(passphrase, Buffer.from(bytes, "base64"));
    try {
      if (decryptWith(key, check.join(":")) === CHECK) return new Crypter(key, salt, origin);
    } catch {
      // Falls through: a wrong key fails the authentication tag.
    }
    throw new Error(
      `${origin}: the passphrase does not fit; set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the one that this stack was made with`,
    );
  }

  encrypt(plain: string): string {
    return encryptWith(this.key, plain);
  }

  /** @throws when it was not encrypted with this key, or was changed since */
  decrypt(ciphertext: string): string {
    try {
      return decryptWith(this.key, ciphertext);
    } catch {
      throw new Error(
        `${this.origin}: a secret in it can't be decrypted: it is damaged; restore the file from a backup`,
      );
    }
  }
}

function deriveKey(passphrase: string, salt: Buffer): Promise<Buffer> {
  return promisify(pbkdf2)(passphrase, salt, ITERATIONS, KEY_BYTES, "sha256");
}

function encryptWith(key: Buffer, plain: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const body = Buffer.concat([cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${body.toString("base64")}`;
}

function decryptWith(key: Buffer, ciphertext: string): string {
  const [version, nonce, body] = ciphertext.split(":");
  if (version !== "v1" || nonce === undefined || body === undefined)
    throw new Error(`expected a ciphertext "v1:<nonce>:<text>"`);
  const bytes = Buffer.from(body, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString("utf8");
}
