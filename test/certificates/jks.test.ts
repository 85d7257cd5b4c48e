import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { generate } from "selfsigned";
import { type JksCertificate, type JksKey, readJks, writeJks } from "../../certificates/jks";
import { type StoredEntry, WrongPassword } from "../../certificates/keystoreEntry";
import { derOf, keyDerOf } from "./support";

type JksEntry = JksKey | JksCertificate;

const bytes = (max: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: 1, maxLength: max }).map((array) => Buffer.from(array));
const alias = fc.stringMatching(/^[a-z0-9._-]{1,30}$/);
const password = fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" });
const entry: fc.Arbitrary<JksEntry> = fc.oneof(
  fc.record(
    {
      kind: fc.constant("key" as const),
      alias,
      privateKey: bytes(2000),
      chain: fc.array(bytes(300), { minLength: 1, maxLength: 3 }),
    },
    { noNullPrototype: true },
  ),
  fc.record({ kind: fc.constant("trusted" as const), alias, certificate: bytes(300) }, { noNullPrototype: true }),
);
const entries = fc.uniqueArray(entry, { selector: (one) => one.alias, maxLength: 4 });

function sample(): JksEntry[] {
  return [
    { kind: "key", alias: "one", created: 1, privateKey: Buffer.from("secret key"), chain: [Buffer.from("cert")] },
    { kind: "trusted", alias: "two", created: 2, certificate: Buffer.from("other cert") },
  ];
}

/** Entries with their keys decrypted. */
function opened(entries: readonly StoredEntry[], keyPassword: string): unknown[] {
  return entries.map((one) => {
    if (one.kind === "trusted") return one;
    const { open, ...rest } = one;
    return { ...rest, privateKey: open(keyPassword) };
  });
}

describe("JKS", () => {
  it("readJks reads what writeJks wrote", () => {
    fc.assert(
      fc.property(entries, password, (written, storePassword) => {
        assert.deepEqual(opened(readJks(writeJks(written, storePassword), storePassword), storePassword), written);
      }),
      { numRuns: 60 },
    );
  });

  it("writing the same entries again gives the same bytes, another key gives others", () => {
    const [key, other] = sample();
    assert.ok(key?.kind === "key" && other);
    const file = writeJks([key, other], "changeit");
    assert.ok(writeJks([key, other], "changeit").equals(file));
    assert.ok(!writeJks([{ ...key, privateKey: Buffer.from("secret kez") }, other], "changeit").equals(file));
  });

  it("a key can have its own password", () => {
    const key = sample()[0];
    assert.ok(key?.kind === "key");
    const [read] = readJks(writeJks([{ ...key, keyPassword: "keypass" }], "storepass"), "storepass");
    assert.ok(read?.kind === "key");
    assert.deepEqual(read.open("keypass"), key.privateKey);
    assert.throws(() => read.open("storepass"), WrongPassword);
  });

  it("private keys are encrypted", () => {
    assert.equal(writeJks(sample(), "changeit").includes("secret key"), false);
  });

  it("a wrong password is refused", () => {
    fc.assert(
      fc.property(password, password, (right, wrong) => {
        fc.pre(right !== wrong);
        assert.throws(() => readJks(writeJks(sample(), right), wrong), WrongPassword);
      }),
      { numRuns: 30 },
    );
  });

  it("a truncated file is refused as damaged, at any length", () => {
    const file = writeJks(sample(), "changeit");
    for (let length = 4; length < file.length; length++) {
      assert.throws(() => readJks(file.subarray(0, length), "changeit"), /it is damaged: (truncated|\d+ bytes)/);
    }
  });

  it("a file with one changed byte is refused, at any position", () => {
    const file = writeJks(sample(), "changeit");
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(file);
        changed[at] = (changed[at] ?? 0) ^ change;
        assert.throws(() => readJks(changed, "changeit"));
      }),
      { numRuns: 200 },
    );
  });

  it("other file kinds are refused, and so are entries that Java could not read", () => {
    assert.throws(() => readJks(Buffer.from("3082", "hex"), "x"), /as JKS does, found 3082/);
    assert.throws(() => readJks(Buffer.alloc(0), "x"), /found an empty file/);
    const twice: JksEntry = { kind: "trusted", alias: "A", certificate: Buffer.from("c") };
    assert.throws(() => writeJks([twice, { ...twice, alias: "a" }], "x"), /alias "a" is used twice/);
    assert.throws(() => writeJks([{ ...twice, alias: "" }], "x"), /expected a name/);
    const bare: JksEntry = { kind: "key", alias: "k", privateKey: Buffer.from("k"), chain: [] };
    assert.throws(() => writeJks([bare], "x"), /at least its own certificate/);
  });
});

describe("JKS and keytool", () => {
  let directory = "";
  before(function () {
    if (spawnSync("keytool", ["-help"]).error) {
      console.log("      skipped: keytool is not on PATH (install a JRE to run these)");
      this.skip();
    }
    directory = mkdtempSync(join(tmpdir(), "jks-test-"));
  });
  after(() => {
    if (directory !== "") {
      rmSync(directory, { recursive: true });
    }
  });
  const keytool = (...args: string[]): string => {
    const run = spawnSync("keytool", args, { encoding: "utf8", env: { ...process.env, LC_ALL: "C" } });
    assert.equal(run.status, 0, run.stdout + run.stderr);
    return run.stdout;
  };

  it("keytool reads what writeJks wrote, including the key", async function () {
    this.timeout(60_000);
    const made = await generate([{ name: "commonName", value: "written.test" }]);
    const [certificate, privateKey] = [derOf(made.cert), keyDerOf(made.private)];
    const path = join(directory, "written.jks");
    const written: JksEntry[] = [
      { kind: "key", alias: "own", privateKey, chain: [certificate] },
      { kind: "trusted", alias: "other", certificate },
    ];
    writeFileSync(path, writeJks(written, "storepass"));
    const listed = keytool("-list", "-keystore", path, "-storepass", "storepass");
    assert.match(listed, /own, .*PrivateKeyEntry/);
    assert.match(listed, /other, .*trustedCertEntry/);
    const request = keytool("-certreq", "-alias", "own", "-keystore", path, "-storepass", "storepass");
    assert.match(request, /BEGIN NEW CERTIFICATE REQUEST/);
  });

  it("readJks reads what keytool wrote, including the key", function () {
    this.timeout(60_000);
    const path = join(directory, "made.jks");
    const key = "-genkeypair -keyalg RSA -alias Mine -dname CN=made.test -keypass keypass".split(" ");
    keytool(...key, "-storetype", "JKS", "-keystore", path, "-storepass", "storepass");
    const [read] = readJks(readFileSync(path), "storepass");
    assert.ok(read?.kind === "key" && read.alias === "mine");
    const certificate = new X509Certificate(read.chain[0] ?? "");
    assert.equal(certificate.subject, "CN=made.test");
    assert.ok(
      certificate.checkPrivateKey(createPrivateKey({ key: read.open("keypass"), format: "der", type: "pkcs8" })),
    );
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    assert.equal(certificate.checkPrivateKey(privateKey), false);
  });
});
