/** The passphrase secrets provider, compatible with the official engine: salt, key derivation, ciphertext. */

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
    /** `v1:<salt>:v1:<nonce>:<ciphertext of "pulumi">`, as in the state and in Pulumi.<stack>.yaml. */
    readonly salt: string,
    /** The file that contains the salt, for messages. */
    private readonly origin = "",
  ) {}

  /** Creates a new salt; deriving the key deliberately takes some tenths of a second, off the main thread. */
  static async create(passphrase: string): Promise<Crypter> {
    const salt = randomBytes(8);
    const key = await deriveKey(passphrase, salt);
    return new Crypter(key, `v1:${salt.toString("base64")}:${encryptWith(key, CHECK)}`);
  }

  /** @throws when `salt` was created with another passphrase; the message names `origin`, the file that contains the salt */
  static async open(passphrase: string, salt: string, origin: string): Promise<Crypter> {
    const [version, bytes, ...check] = salt.split(":");
    if (version !== "v1" || bytes === undefined || check.length !== 3)
      throw new Error(`${origin}: expected a salt "v1:<salt>:v1:<nonce>:<text>", found "${salt}"`);
    const key = await deriveKey(passphrase, Buffer.from(bytes, "base64"));
    try {
      if (decryptWith(key, check.join(":")) === CHECK) return new Crypter(key, salt, origin);
    } catch {
      // With a wrong key the authentication tag does not match: same error as below.
    }
    throw new Error(
      `${origin}: the passphrase is wrong; set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the passphrase that this stack was created with`,
    );
  }

  encrypt(plain: string): string {
    return encryptWith(this.key, plain);
  }

  /** @throws when `ciphertext` was encrypted with another key, or is damaged */
  decrypt(ciphertext: string): string {
    try {
      return decryptWith(this.key, ciphertext);
    } catch {
      throw new Error(
        `${this.origin}: a secret can't be decrypted because it is damaged; restore the file from a backup`,
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
