import { errorMessage } from "../errors";
import { isJks, readJks } from "./jks";
import { type StoredEntry, WrongPassword } from "./keystoreEntry";
import { isPkcs12, readPkcs12 } from "./pkcs12";

const toPkcs12 = "keytool -importkeystore -srckeystore OLD -destkeystore NEW.p12 -deststoretype PKCS12";
/** Files of other types that users mistake for these keystores, by their first bytes. */
const others: readonly [begins: string, what: string, remedy: string][] = [
  ["cececece", "a JCEKS keystore", `convert it: ${toPkcs12}`],
  [
    Buffer.from("-----BEGIN").toString("hex"),
    "PEM",
    "create a keystore from it: openssl pkcs12 -export -inkey KEY.pem -in CHAIN.pem -name wso2carbon -out NEW.p12",
  ],
];

/**
 * Reads a Java keystore of type JKS or PKCS12, which the first bytes distinguish.
 *
 * @throws {WrongPassword}
 * @throws Error with the fault of the file and the remedy
 */
export function readKeystore(file: Buffer, password: string): StoredEntry[] {
  const read = isJks(file) ? readJks : isPkcs12(file) ? readPkcs12 : undefined;
  if (read === undefined) {
    const start = file.subarray(0, 16).toString("hex");
    const [, what, remedy] = others.find(([begins]) => start.startsWith(begins)) ?? [];
    const found = what ?? (file.length === 0 ? "an empty file" : "another kind of file");
    throw new Error(`expected a keystore of type JKS or PKCS12, found ${found}; ${remedy ?? "set another file"}`);
  }
  try {
    return read(file, password);
  } catch (error) {
    if (error instanceof WrongPassword) throw error;
    throw new Error(`it can't be read: ${errorMessage(error)}`, { cause: error });
  }
}
