import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type StoredEntry, WrongPassword } from "../../certificates/keystoreEntry";
import { readPkcs12 } from "../../certificates/pkcs12";
import { derOf, type Issued, issue } from "./support";

const fixture = (name: string) => readFileSync(join(__dirname, "fixtures", name));

/** `key mine: CN=a.test` or `trusted root: CN=a.test`; fails when key and certificate do not belong together. */
function described(entry: StoredEntry, keyPassword: string): string {
  const chain = (entry.kind === "key" ? entry.chain : [entry.certificate]).map((der) => new X509Certificate(der));
  if (entry.kind === "key") {
    const key = createPrivateKey({ key: entry.open(keyPassword), format: "der", type: "pkcs8" });
    assert.ok(chain[0]?.checkPrivateKey(key), "the key belongs to the certificate");
  }
  return `${entry.kind} ${entry.alias}: ${chain.map(({ subject }) => subject).join(", ")}`;
}

function read(file: Buffer, password: string): string[] {
  return readPkcs12(file, password).map((entry) => described(entry, password));
}

describe("PKCS12", function () {
  this.timeout(30_000);

  it("keytool's files: keys and trusted certificates are read with their aliases", () => {
    assert.deepEqual(read(fixture("keytool.p12"), "storepass"), ["key mine: CN=a.test"]);
    assert.deepEqual(read(fixture("keytool-trust.p12"), "storepass"), ["trusted root: CN=a.test"]);
  });

  it("files of Java 8's keytool, with RC2, are read", () => {
    assert.deepEqual(read(fixture("keytool-legacy.p12"), "storepass"), ["key mine: CN=a.test"]);
    assert.throws(() => readPkcs12(fixture("keytool-legacy.p12"), "storepast"), WrongPassword);
  });

  it("a key with its own password is refused with that reason", () => {
    assert.throws(
      () => readPkcs12(fixture("key-password.p12"), "storepass"),
      /^Error: one of its keys has a different password than the store; create it with one password for both$/,
    );
  });

  it("other file kinds that begin alike are refused", async () => {
    const { cert } = await issue({ name: "Root" });
    for (const file of [derOf(cert), Buffer.from("3003020103", "hex")])
      assert.throws(
        () => readPkcs12(file, "pw"),
        /^Error: it is not a PKCS #12 file, or is damaged; set another file$/,
      );
  });

  it("a wrong password of the store or of a key is refused", () => {
    assert.throws(() => readPkcs12(fixture("keytool.p12"), "storepast"), WrongPassword);
    const [key] = readPkcs12(fixture("keytool.p12"), "storepass");
    assert.ok(key?.kind === "key");
    assert.throws(() => key.open("storepast"), WrongPassword);
  });

  it("a truncated file is refused, at any length", () => {
    const file = fixture("keytool-trust.p12");
    for (let length = 0; length < file.length; length++)
      assert.throws(() => readPkcs12(file.subarray(0, length), "storepass"), Error);
  });

  it("a file with one changed byte of content is refused", () => {
    const file = fixture("keytool-trust.p12");
    // The digest and its parameters follow the content.
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

describe("PKCS12 of OpenSSL", function () {
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

  function run(program: string, ...args: string[]): void {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: directory, encoding: "utf8" });
    assert.equal(status, 0, stdout + stderr);
  }

  function openssl(password: string, ...options: string[]): Buffer {
    run("openssl", "pkcs12", "-export", "-out", "made.p12", "-passout", `pass:${password}`, ...options);
    return readFileSync(join(directory, "made.p12"));
  }

  /** A root certificate of a kind that `issue` can't create. */
  function makeRoot(name: string, ...options: string[]): Buffer {
    const files = ["-keyout", `${name}.key`, "-out", `${name}.pem`];
    run("openssl", "req", "-x509", "-nodes", "-sha256", "-subj", `/CN=${name}`, ...files, ...options);
    return derOf(readFileSync(join(directory, `${name}.pem`), "utf8"));
  }

  const makeEcRoot = () => makeRoot("ec", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256");
  const makePssRoot = () => makeRoot("pss", "-newkey", "rsa:2048", "-sigopt", "rsa_padding_mode:pss");

  /** Some builds of OpenSSL have none. */
  function hasOldCiphers(): boolean {
    const options = ["-legacy", "-nokeys", "-in", "root.pem", "-passout", "pass:pw", "-out", "old.p12"];
    return spawnSync("openssl", ["pkcs12", "-export", ...options], { cwd: directory }).status === 0;
  }

  const own = ["-inkey", "server.key", "-in", "server.pem", "-certfile", "root.pem", "-name", "Server"];
  const ways: readonly [string, string[]][] = [
    ["with the default ciphers", []],
    ["with Triple DES", ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"]],
    ["with AES of 128 bits", ["-keypbe", "AES-128-CBC", "-certpbe", "AES-128-CBC"]],
    ["with a digest of 512 bits", ["-macalg", "sha512"]],
    ["without encryption", ["-keypbe", "NONE", "-certpbe", "NONE"]],
    ["without a digest", ["-nomac"]],
  ];
  for (const [title, options] of ways) {
    it(`${title}: read, with the chain in order`, () => {
      const file = openssl("pässword€ 1", ...own, ...options);
      assert.deepEqual(read(file, "pässword€ 1"), ["key server: CN=a.test, CN=Root"]);
      assert.throws(() => readPkcs12(file, "other"), WrongPassword);
    });
  }

  it("a file whose digest can't be checked is refused", () => {
    const file = openssl("pässword", ...own);
    // Changes the last SHA-256, which is the digest's algorithm, into an unknown one.
    const sha256 = Buffer.from("608648016503040201", "hex");
    file[file.lastIndexOf(sha256) + sha256.length - 1] = 0x7f;
    assert.throws(() => readPkcs12(file, "pässword"), /not supported \(PKCS#12 uses unsupported MAC algorithm/);
  });

  it("certificates without a key are trusted certificates", () => {
    assert.deepEqual(read(openssl("pw", "-nokeys", "-in", "root.pem"), "pw"), ["trusted certificate-1: CN=Root"]);
  });

  it("ciphers of older versions are read, except RC2 of 128 bits, which is refused with the remedy", function () {
    if (!hasOldCiphers()) {
      process.stdout.write("      skipped: this OpenSSL has no old ciphers\n");
      return this.skip();
    }
    assert.deepEqual(read(openssl("pässword€ 1", ...own, "-legacy"), "pässword€ 1"), [
      "key server: CN=a.test, CN=Root",
    ]);
    const file = openssl("pw", ...own, "-legacy", "-certpbe", "PBE-SHA1-RC2-128");
    assert.throws(() => readPkcs12(file, "pw"), /not supported \(.*Unsupported OID\); .*keytool -importkeystore -src/);
    assert.throws(() => readPkcs12(file, "other"), WrongPassword);
  });

  it("certificates are read byte for byte: of an EC key, signed by an EC key, signed with RSASSA-PSS", () => {
    const roots = [makeEcRoot(), makePssRoot()];
    run("openssl", "req", "-new", "-key", "server.key", "-subj", "/CN=by.ec", "-out", "server.csr");
    const signing = ["-CA", "ec.pem", "-CAkey", "ec.key", "-CAcreateserial"];
    run("openssl", "x509", "-req", "-in", "server.csr", ...signing, "-out", "byEc.pem");
    const byEc = derOf(readFileSync(join(directory, "byEc.pem"), "utf8"));
    const [key] = readPkcs12(openssl("pw", "-inkey", "server.key", "-in", "byEc.pem", "-certfile", "ec.pem"), "pw");
    assert.ok(key?.kind === "key");
    assert.deepEqual(key.chain, [byEc, roots[0]]);
    for (const [number, name] of ["ec.pem", "pss.pem"].entries()) {
      const [trusted] = readPkcs12(openssl("pw", "-nokeys", "-in", name), "pw");
      assert.deepEqual(trusted, { kind: "trusted", alias: "certificate-1", certificate: roots[number] });
    }
  });

  it("a key that is not RSA is read", () => {
    makeEcRoot();
    const [entry] = readPkcs12(openssl("pw", "-inkey", "ec.key", "-in", "ec.pem"), "pw");
    assert.ok(entry?.kind === "key");
    assert.equal(createPrivateKey({ key: entry.open("pw"), format: "der", type: "pkcs8" }).asymmetricKeyType, "ec");
  });

  for (const [title, options] of [
    ["with default ciphers", []],
    ["with the ciphers of Java 8", ["-J-Dkeystore.pkcs12.legacy"]],
  ] as const) {
    it(`keytool's truststores ${title} are read, with certificates of every signature`, function () {
      if (spawnSync("keytool", ["-help"]).error) {
        process.stdout.write("      skipped: keytool is not on PATH (install a JRE to run this)\n");
        return this.skip();
      }
      const roots = { ec: makeEcRoot(), pss: makePssRoot(), rsa: derOf(root.cert) };
      writeFileSync(join(directory, "rsa.pem"), root.cert);
      const store = ["-keystore", "trust.p12", "-storetype", "PKCS12", "-storepass", "storepass"];
      rmSync(join(directory, "trust.p12"), { force: true });
      for (const name of Object.keys(roots))
        run("keytool", ...options, "-importcert", "-noprompt", "-alias", name, "-file", `${name}.pem`, ...store);
      const found = readPkcs12(readFileSync(join(directory, "trust.p12")), "storepass");
      assert.deepEqual(
        found,
        Object.entries(roots).map(([alias, certificate]) => ({ kind: "trusted", alias, certificate })),
      );
    });
  }
});
