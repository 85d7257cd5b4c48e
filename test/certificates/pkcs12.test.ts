import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeDer, oidOf, readDer, tags } from "../../certificates/der";
import { type StoredEntry, WrongPassword } from "../../certificates/keystoreEntry";
import { readPkcs12 } from "../../certificates/pkcs12";
import { type Issued, issue } from "./support";

const fixture = (name: string) => readFileSync(join(__dirname, "fixtures", name));

/** `key mine: CN=a.test` or `trusted root: CN=a.test`; a key that does not fit its certificate fails. */
function described(entry: StoredEntry, keyPassword: string): string {
  const chain = (entry.kind === "key" ? entry.chain : [entry.certificate]).map((der) => new X509Certificate(der));
  if (entry.kind === "key") {
    const key = createPrivateKey({ key: entry.open(keyPassword), format: "der", type: "pkcs8" });
    assert.ok(chain[0]?.checkPrivateKey(key), "the key is the certificate's");
  }
  return `${entry.kind} ${entry.alias}: ${chain.map(({ subject }) => subject).join(", ")}`;
}

function read(file: Buffer, password: string): string[] {
  return readPkcs12(file, password).map((entry) => described(entry, password));
}

describe("PKCS12 keystores", () => {
  it("of keytool are read, keys and trusted certificates, with their aliases", () => {
    assert.deepEqual(read(fixture("keytool.p12"), "storepass"), ["key mine: CN=a.test"]);
    assert.deepEqual(read(fixture("keytool-trust.p12"), "storepass"), ["trusted root: CN=a.test"]);
  });

  it("refuse another password, for the store and for a key", () => {
    assert.throws(() => readPkcs12(fixture("keytool.p12"), "storepast"), WrongPassword);
    const [key] = readPkcs12(fixture("keytool.p12"), "storepass");
    assert.ok(key?.kind === "key");
    assert.throws(() => key.open("storepast"), WrongPassword);
  });

  it("refuse every file that is cut short, and never with a wrong entry", () => {
    const file = fixture("keytool-trust.p12");
    for (let length = 0; length < file.length; length++)
      assert.throws(() => readPkcs12(file.subarray(0, length), "storepass"), Error);
  });

  it("refuse a file in which any byte of the content was changed", () => {
    const file = fixture("keytool-trust.p12");
    // Behind it stand the digest and how it was made.
    for (let at = 40; at < 600; at += 23) {
      const changed = Buffer.from(file);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      let entries: string[] = [];
      try {
        entries = read(changed, "storepass");
      } catch {
        continue;
      }
      assert.fail(`byte ${at} was changed, and ${entries} was read`);
    }
  });
});

describe("DER", () => {
  it("reads back what it writes, whatever its length", () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
      const written = encodeDer(tags.octetString, Buffer.alloc(length, 7));
      const { content, whole } = readDer(Buffer.concat([written, Buffer.from("rest")]), tags.octetString);
      assert.equal(content.length, length);
      assert.ok(whole.equals(written));
    }
  });

  it("reads a string in parts and of no stated length, as BER has it", () => {
    const parts = ["24800402", Buffer.from("ab").toString("hex"), "0401", Buffer.from("c").toString("hex"), "0000ff"];
    const { content, whole } = readDer(Buffer.from(parts.join(""), "hex"), tags.octetString);
    assert.equal(content.toString(), "abc");
    assert.equal(whole.length, 11);
  });

  it("knows object identifiers", () => {
    const identifiers = { "06092a864886f70d010701": "1.2.840.113549.1.7.1", "0603883703": "2.999.3" };
    for (const [bytes, name] of Object.entries(identifiers))
      assert.equal(oidOf(readDer(Buffer.from(bytes, "hex"))), name);
  });
});

describe("PKCS12 keystores of OpenSSL", function () {
  this.timeout(30_000);
  let directory = "";
  let root: Issued;
  let server: Issued;

  before(async function () {
    if (spawnSync("openssl", ["version"]).status !== 0) {
      process.stdout.write("      skipped: openssl is not on PATH\n");
      this.skip();
    }
    directory = mkdtempSync(join(tmpdir(), "pkcs12-test-"));
    root = await issue({ name: "Root" });
    server = await issue({ name: "a.test", hosts: ["a.test"], by: root });
    writeFileSync(join(directory, "server.key"), server.key);
    writeFileSync(join(directory, "server.pem"), server.cert);
    writeFileSync(join(directory, "root.pem"), root.cert);
  });

  after(() => {
    if (directory !== "") rmSync(directory, { recursive: true });
  });

  /** `file:` arguments are files of the directory. */
  function openssl(password: string, ...options: string[]): Buffer {
    const args = ["pkcs12", "-export", "-out", "made.p12", "-passout", `pass:${password}`, ...options];
    const { status, stderr } = spawnSync("openssl", args, { cwd: directory, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    return readFileSync(join(directory, "made.p12"));
  }

  const own = ["-inkey", "server.key", "-in", "server.pem", "-certfile", "root.pem", "-name", "Server"];
  const ways: readonly [string, string[]][] = [
    ["as it makes them today", []],
    ["with Triple DES", ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"]],
    ["with AES of 128 bits", ["-keypbe", "AES-128-CBC", "-certpbe", "AES-128-CBC"]],
    ["with a digest of 512 bits", ["-macalg", "sha512"]],
    ["with nothing encrypted", ["-keypbe", "NONE", "-certpbe", "NONE"]],
    ["without a digest", ["-nomac"]],
  ];
  for (const [title, options] of ways) {
    it(`are read ${title}, the chain in order`, () => {
      const file = openssl("pässword€ 1", ...own, ...options);
      assert.deepEqual(read(file, "pässword€ 1"), ["key server: CN=a.test, CN=Root"]);
      if (options[0] !== "-nomac") assert.throws(() => readPkcs12(file, "other"), WrongPassword);
    });
  }

  it("with certificates alone are taken as trusted", () => {
    assert.deepEqual(read(openssl("pw", "-nokeys", "-in", "root.pem"), "pw"), ["trusted certificate-1: CN=Root"]);
  });

  it("with RC2 are refused, with the remedy", function () {
    const args = ["pkcs12", "-export", "-legacy", "-out", "rc2.p12", "-passout", "pass:pw", ...own];
    if (spawnSync("openssl", args, { cwd: directory }).status !== 0) {
      process.stdout.write("      skipped: this OpenSSL has no old ciphers to make one\n");
      return this.skip();
    }
    const file = readFileSync(join(directory, "rc2.p12"));
    assert.throws(() => readPkcs12(file, "pw"), /not known here \(1\.2\.840\.113549\.1\.12\.1\.6\); .*keytool -import/);
    assert.throws(() => readPkcs12(file, "other"), WrongPassword);
  });
});
