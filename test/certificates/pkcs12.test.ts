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

describe("PKCS12 keystores", function () {
  this.timeout(30_000);

  it("of keytool are read, keys and trusted certificates, with their aliases", () => {
    assert.deepEqual(read(fixture("keytool.p12"), "storepass"), ["key mine: CN=a.test"]);
    assert.deepEqual(read(fixture("keytool-trust.p12"), "storepass"), ["trusted root: CN=a.test"]);
  });

  it("of Java 8's keytool, with RC2, are read", () => {
    assert.deepEqual(read(fixture("keytool-legacy.p12"), "storepass"), ["key mine: CN=a.test"]);
    assert.throws(() => readPkcs12(fixture("keytool-legacy.p12"), "storepast"), WrongPassword);
  });

  it("in which a key has a password of its own are refused, and not for the store's password", () => {
    assert.throws(
      () => readPkcs12(fixture("key-password.p12"), "storepass"),
      /^Error: one of its keys has another password than the store; make it with one password for both$/,
    );
  });

  it("are told from other files that begin like them", async () => {
    const { cert } = await issue({ name: "Root" });
    for (const file of [derOf(cert), Buffer.from("3003020103", "hex")])
      assert.throws(() => readPkcs12(file, "pw"), /^Error: it is no PKCS #12 file, or damaged; name another file$/);
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

  function run(program: string, ...args: string[]): void {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: directory, encoding: "utf8" });
    assert.equal(status, 0, stdout + stderr);
  }

  function openssl(password: string, ...options: string[]): Buffer {
    run("openssl", "pkcs12", "-export", "-out", "made.p12", "-passout", `pass:${password}`, ...options);
    return readFileSync(join(directory, "made.p12"));
  }

  /** A root of a kind that `issue` can't make. */
  function makeRoot(name: string, ...options: string[]): Buffer {
    const files = ["-keyout", `${name}.key`, "-out", `${name}.pem`];
    run("openssl", "req", "-x509", "-nodes", "-sha256", "-subj", `/CN=${name}`, ...files, ...options);
    return derOf(readFileSync(join(directory, `${name}.pem`), "utf8"));
  }

  const makeEcRoot = () => makeRoot("ec", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256");
  const makePssRoot = () => makeRoot("pss", "-newkey", "rsa:2048", "-sigopt", "rsa_padding_mode:pss");

  /** OpenSSL leaves them out in some builds. */
  function hasOldCiphers(): boolean {
    const options = ["-legacy", "-nokeys", "-in", "root.pem", "-passout", "pass:pw", "-out", "old.p12"];
    return spawnSync("openssl", ["pkcs12", "-export", ...options], { cwd: directory }).status === 0;
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
      assert.throws(() => readPkcs12(file, "other"), WrongPassword);
    });
  }

  it("are refused with a digest that can't be checked", () => {
    const file = openssl("pässword", ...own);
    // SHA-256 in the digest's own algorithm, which stands last, becomes one that nobody knows.
    const sha256 = Buffer.from("608648016503040201", "hex");
    file[file.lastIndexOf(sha256) + sha256.length - 1] = 0x7f;
    assert.throws(() => readPkcs12(file, "pässword"), /not known here \(PKCS#12 uses unsupported MAC algorithm/);
  });

  it("with certificates alone are taken as trusted", () => {
    assert.deepEqual(read(openssl("pw", "-nokeys", "-in", "root.pem"), "pw"), ["trusted certificate-1: CN=Root"]);
  });

  it("with the ciphers of its older versions are read; RC2 of 128 bits is refused, with the remedy", function () {
    if (!hasOldCiphers()) {
      process.stdout.write("      skipped: this OpenSSL has no old ciphers to make one\n");
      return this.skip();
    }
    assert.deepEqual(read(openssl("pässword€ 1", ...own, "-legacy"), "pässword€ 1"), [
      "key server: CN=a.test, CN=Root",
    ]);
    const file = openssl("pw", ...own, "-legacy", "-certpbe", "PBE-SHA1-RC2-128");
    assert.throws(() => readPkcs12(file, "pw"), /not known here \(.*Unsupported OID\); .*keytool -importkeystore -src/);
    assert.throws(() => readPkcs12(file, "other"), WrongPassword);
  });

  it("have every certificate byte for byte: of an EC key, signed by one, signed with RSASSA-PSS", () => {
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

  it("may have a key that is not RSA, which is for others to judge", () => {
    makeEcRoot();
    const [entry] = readPkcs12(openssl("pw", "-inkey", "ec.key", "-in", "ec.pem"), "pw");
    assert.ok(entry?.kind === "key");
    assert.equal(createPrivateKey({ key: entry.open("pw"), format: "der", type: "pkcs8" }).asymmetricKeyType, "ec");
  });

  for (const [title, options] of [
    ["today", []],
    ["in Java 8", ["-J-Dkeystore.pkcs12.legacy"]],
  ] as const) {
    it(`and keytool's truststores as it makes them ${title} are read, whatever signed their certificates`, function () {
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
