import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type JksCertificate, type JksKey, writeJks } from "../../certificates/jks";
import { type OwnCertificates, readOwnCertificates } from "../../certificates/ownStores";
import { SettingsError } from "../../settings";
import { type Issued, issue, keyEntry, trustEntry } from "./support";

const names = ["keymanager.example.com", "gateway.example.com", "gateway-1.example.com"];

describe("the user's own keystore and truststore", function () {
  this.timeout(60_000);
  let directory: string;
  let root: Issued;
  let between: Issued;
  let server: Issued;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "own-stores-"));
    root = await issue({ name: "Root" });
    between = await issue({ name: "Between", by: root });
    server = await issue({ name: "Server", hosts: names, by: between });
  });

  after(() => rmSync(directory, { recursive: true }));

  interface Stores {
    /** @default the server's, with its chain */
    readonly keys?: readonly (JksKey | JksCertificate)[];
    /** @default the root */
    readonly trusted?: readonly (JksKey | JksCertificate)[];
    readonly alias?: string;
    readonly password?: string;
    readonly keyPassword?: string;
    readonly truststorePassword?: string;
    /** Content of the keystore file, in place of `keys`. */
    readonly file?: Buffer;
  }

  function readStores(stores: Stores = {}): Promise<OwnCertificates> {
    const { keys = [keyEntry("server", server, [server.cert, between.cert])], trusted = [trustEntry("r", root.cert)] } =
      stores;
    const paths = { keystore: join(directory, "keys.jks"), truststore: join(directory, "trust.jks") };
    writeFileSync(paths.keystore, stores.file ?? writeJks(keys, "store pass"));
    writeFileSync(paths.truststore, writeJks(trusted, "trust pass"));
    return readOwnCertificates(
      {
        keystore: {
          path: paths.keystore,
          alias: stores.alias,
          password: stores.password ?? "store pass",
          ...(stores.keyPassword !== undefined && { keyPassword: stores.keyPassword }),
        },
        truststore: { path: paths.truststore, password: stores.truststorePassword ?? "trust pass" },
      },
      names,
      "live",
    );
  }

  async function faultsOf(read: Promise<OwnCertificates>): Promise<readonly string[]> {
    const error: unknown = await read.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof SettingsError, `expected faults, found ${error}`);
    // No message contains a password.
    for (const password of ["store pass", "trust pass", "key pass", "wrong pass"])
      assert.ok(!error.message.includes(password), error.message);
    return error.faults.map((fault) => fault.replaceAll(`${directory}/`, ""));
  }

  async function faultOf(read: Promise<OwnCertificates>): Promise<string> {
    const [fault = "", ...more] = await faultsOf(read);
    assert.deepEqual(more, []);
    return fault;
  }

  const subjects = (chain: readonly string[] = []) => chain.map((pem) => new X509Certificate(pem).subject);

  it("key, chain up to the root, and trusted certificates are returned", async () => {
    const { key, trusted, warnings } = await readStores();
    assert.deepEqual(subjects(key?.chain), ["CN=Server", "CN=Between", "CN=Root"]);
    assert.equal(key?.privateKey, server.key);
    assert.deepEqual(subjects(key && [key.caCertificate]), ["CN=Root"]);
    assert.deepEqual(
      trusted?.map(({ alias }) => alias),
      ["r"],
    );
    assert.deepEqual(warnings, []);
  });

  it("intermediate authorities in the truststore, several keys and wildcards are accepted", async () => {
    const wild = await issue({ name: "Wild", hosts: ["*.example.com"], by: between });
    const { key } = await readStores({
      keys: [keyEntry("server", server, [server.cert]), keyEntry("wild", wild, [wild.cert])],
      trusted: [trustEntry("r", root.cert), trustEntry("b", between.cert)],
      alias: "Wild",
    });
    assert.deepEqual(subjects(key?.chain), ["CN=Wild", "CN=Between", "CN=Root"]);
  });

  it("a self-signed certificate is accepted when the truststore contains it", async () => {
    const own = await issue({ name: "Alone", hosts: names });
    const keys = [keyEntry("alone", own, [own.cert])];
    const { key } = await readStores({ keys, trusted: [trustEntry("a", own.cert)] });
    assert.deepEqual(subjects(key?.chain), ["CN=Alone"]);
    assert.deepEqual(subjects(key && [key.caCertificate]), ["CN=Alone"]);
  });

  it("a truststore alone is accepted, and neither of both", async () => {
    await readStores();
    const truststore = { path: join(directory, "trust.jks"), password: "trust pass" };
    const { key, trusted } = await readOwnCertificates({ truststore }, names, "live");
    assert.deepEqual([key, trusted?.length], [undefined, 1]);
    assert.deepEqual(await readOwnCertificates({}, names, "live"), { warnings: [] });
  });

  it("keyPassword: a key with its own password is opened with it", async () => {
    const keys = [{ ...keyEntry("server", server, [server.cert, between.cert]), keyPassword: "key pass" }];
    assert.ok((await readStores({ keys, keyPassword: "key pass" })).key);
    assert.equal(
      await faultOf(readStores({ keys })),
      'keyPassword: expected the password of the key "server" in keys.jks, found that the keystore\'s password does not open it; run: npm run config -- set --secret keyPassword --stack live',
    );
    assert.match(
      await faultOf(readStores({ keys, keyPassword: "wrong pass" })),
      /^keyPassword: .*, found a wrong one;/,
    );
  });

  it("a wrong password is the only fault reported for its file", async () => {
    assert.equal(
      await faultOf(readStores({ password: "wrong pass" })),
      "keystorePassword: expected the password of keys.jks, found a wrong one; run: npm run config -- set --secret keystorePassword --stack live",
    );
    assert.match(await faultOf(readStores({ truststorePassword: "wrong pass" })), /^truststorePassword: .* trust\.jks/);
    assert.equal((await faultsOf(readStores({ password: "wrong pass", truststorePassword: "wrong pass" }))).length, 2);
  });

  const files: readonly [string, Buffer, RegExp][] = [
    [
      "nothing",
      Buffer.alloc(0),
      /^keystore: keys\.jks: expected a keystore of type JKS or PKCS12, found an empty file/,
    ],
    ["PEM", Buffer.from("-----BEGIN CERTIFICATE-----"), /found PEM; create a keystore from it: openssl pkcs12 -export/],
    ["JCEKS", Buffer.from("cececece00000002", "hex"), /found a JCEKS keystore; convert it: keytool -importkeystore/],
    ["a text", Buffer.from("password"), /found another kind of file; set another file/],
    ["a damaged JKS file", Buffer.from("feedfeed0000", "hex"), /keys\.jks: it can't be read: it is damaged: truncated/],
    [
      "a damaged PKCS12 file",
      Buffer.from("3082000a", "hex"),
      /keys\.jks: it can't be read: it is damaged: Too few bytes/,
    ],
  ];
  for (const [what, file, expected] of files) {
    it(`keystore file with ${what}: refused`, async () => {
      assert.match(await faultOf(readStores({ file })), expected);
    });
  }

  it("a missing file and a directory are refused", async () => {
    const at = (path: string) =>
      readOwnCertificates({ truststore: { path: join(directory, path), password: "x" } }, names, "live");
    assert.equal(
      await faultOf(at("none.jks")),
      "truststore: expected a JKS or PKCS12 file, found nothing at none.jks; set wso2-apim:truststore (relative paths start at the project)",
    );
    assert.match(await faultOf(at("../")), /^truststore: .* can't be read \(EISDIR\)/);
  });

  it("keystoreAlias: required when there are several keys; an unknown alias is refused with the known ones", async () => {
    const keys = [keyEntry("one", server, [server.cert]), keyEntry("two", server, [server.cert])];
    assert.equal(
      await faultOf(readStores({ keys })),
      "keystoreAlias: expected one of the keys of keys.jks (one, two), found nothing; set wso2-apim:keystoreAlias",
    );
    assert.match(await faultOf(readStores({ keys, alias: "three" })), /a key of keys\.jks \(one, two\), found "three"/);
  });

  it("a keystore without a key and a truststore without certificates are refused", async () => {
    const keys = [trustEntry("r", root.cert)];
    assert.match(
      await faultOf(readStores({ keys })),
      /^keystore: expected a private key in .*, found only certificates/,
    );
    assert.match(await faultOf(readStores({ trusted: [] })), /^truststore: expected certificates in trust\.jks/);
  });

  it("missing host names are listed, with the keytool option that adds them", async () => {
    const few = await issue({ name: "Few", hosts: ["gateway.example.com"], by: root });
    assert.equal(
      await faultOf(readStores({ keys: [keyEntry("few", few, [few.cert])] })),
      'keystore: expected every host name of the deployment in the certificate "few" in keys.jks, missing are keymanager.example.com, gateway-1.example.com; have one issued with all of them (keytool -genkeypair or -certreq with: -ext san=dns:keymanager.example.com,dns:gateway.example.com,dns:gateway-1.example.com)',
    );
  });

  it("the common name does not count as a host name beside subject alternative names, as in the JDK and OpenSSL", async () => {
    const wild = await issue({ name: "*.example.com", hosts: ["other.example.org"], by: root });
    assert.match(
      await faultOf(readStores({ keys: [keyEntry("wild", wild, [wild.cert])] })),
      /missing are keymanager\.example\.com, gateway\.example\.com, gateway-1\.example\.com; have one issued/,
    );
  });

  const unfit: readonly [string, Omit<Parameters<typeof issue>[0], "name">, RegExp][] = [
    [
      "that has expired",
      { days: [-10, -2] },
      /the certificate "x" in keys\.jks expired on \d{4}-\d\d-\d\d; have it renewed/,
    ],
    ["that is not valid yet", { days: [2, 10] }, /is not valid before \d{4}-\d\d-\d\d/],
    ["of a short key", { bits: 1024 }, /expected an RSA key of at least 2048 bits, .* found 1024 bits under "x" in/],
    ["of a key that is not RSA", { kind: "ec" }, /found one of type ec under "x" in .*keytool -genkeypair -keyalg RSA/],
    ["that is not for servers", { use: "client" }, /expected a certificate for TLS servers, found "x" in keys\.jks/],
  ];
  for (const [what, wanted, expected] of unfit) {
    it(`a certificate ${what} is refused`, async () => {
      const own = await issue({ name: "X", hosts: names, ...wanted });
      const stores = { keys: [keyEntry("x", own, [own.cert])], trusted: [trustEntry("x", own.cert)] };
      assert.match(await faultOf(readStores(stores)), expected);
    });
  }

  it("a key in a PKCS12 file that is not RSA is refused", async () => {
    const file = readFileSync(join(__dirname, "fixtures/keytool.p12"));
    const faults = await faultsOf(readStores({ file, password: "storepass" }));
    assert.match(
      faults[0] ?? "",
      /^keystore: expected an RSA key of .*, found one of type ec under "mine" in keys\.jks;/,
    );
  });

  it("a certificate of another key is refused", async () => {
    const keys = [keyEntry("mixed", between, [server.cert])];
    assert.match(
      await faultOf(readStores({ keys })),
      /the certificate "mixed" in keys\.jks does not belong to its key/,
    );
  });

  it("a root that the truststore does not contain is named", async () => {
    const other = await issue({ name: "Other" });
    const trusted = [trustEntry("o", other.cert)];
    assert.match(
      await faultOf(readStores({ trusted })),
      /^truststore: expected "CN=Root", the root of the certificate "server" in keys\.jks, found others; import it: keytool/,
    );
    // The balancer's OpenSSL does not accept a trusted intermediate authority instead of the root.
    assert.match(
      await faultOf(readStores({ trusted: [trustEntry("b", between.cert)] })),
      /expected "CN=Root", the root of/,
    );
  });

  it("an authority with the same name but another key is not accepted as the root", async () => {
    const trusted = [trustEntry("r", (await issue({ name: "Root" })).cert)];
    assert.match(await faultOf(readStores({ trusted })), /^truststore: expected "CN=Root", the root .*, found others/);
  });

  it("a weak signature and an expired authority are refused by a real handshake", async () => {
    const weak = await issue({ name: "Weak", hosts: names, by: root, algorithm: "sha1" });
    assert.match(
      await faultOf(readStores({ keys: [keyEntry("weak", weak, [weak.cert])] })),
      /^keystore: expected that a TLS client which trusts the truststore accepts the certificate .*ca md too weak/,
    );
    const ended = await issue({ name: "Ended", by: root, days: [-10, -2] });
    const own = await issue({ name: "Own", hosts: names, by: ended });
    assert.match(
      await faultOf(readStores({ keys: [keyEntry("own", own, [own.cert, ended.cert])] })),
      /found that it refuses: certificate has expired/,
    );
  });

  it("a certificate that expires within 30 days is a warning", async () => {
    const soon = await issue({ name: "Soon", hosts: names, by: root, days: [-1, 12.5] });
    const { warnings } = await readStores({ keys: [keyEntry("soon", soon, [soon.cert])] });
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0] ?? "",
      /^keystore: the certificate in .* expires on \d{4}-\d\d-\d\d, in 12 days; replace it/,
    );
  });

  it("all faults are reported at once", async () => {
    const few = await issue({ name: "Few", hosts: ["gateway.example.com"], days: [-9, -1] });
    const faults = await faultsOf(
      readStores({ keys: [keyEntry("few", few, [few.cert])], truststorePassword: "wrong pass" }),
    );
    assert.deepEqual(
      faults.map((fault) => fault.split(":")[0]),
      ["truststorePassword", "keystore", "keystore"],
    );
  });

  for (const type of ["JKS", "PKCS12"]) {
    it(`stores that keytool created as type ${type}, with the options of the message, are accepted`, async function () {
      if (spawnSync("keytool", ["-help"]).error) {
        process.stdout.write("      skipped: keytool is not on PATH (install a JRE to run this)\n");
        return this.skip();
      }
      const keytool = (...args: string[]) => {
        const run = spawnSync("keytool", args, { cwd: directory, encoding: "utf8" });
        assert.equal(run.status, 0, run.stdout + run.stderr);
      };
      const [keystore, truststore] = [`own.${type}`, `trust.${type}`];
      const of = (file: string) => ["-keystore", file, "-storetype", type, "-storepass", "storepass"];
      const wanted = "-genkeypair -keyalg RSA -keysize 2048 -alias Apim -dname CN=own -validity 99 -keypass storepass";
      const san = `san=${names.map((name) => `dns:${name}`).join(",")}`;
      keytool(...wanted.split(" "), "-ext", san, ...of(keystore));
      keytool("-exportcert", "-alias", "apim", "-rfc", "-file", `${type}.pem`, ...of(keystore));
      keytool("-importcert", "-noprompt", "-alias", "apim", "-file", `${type}.pem`, ...of(truststore));
      const at = (file: string) => ({ path: join(directory, file), password: "storepass" });
      const stores = { keystore: { ...at(keystore), alias: "APIM" }, truststore: at(truststore) };
      const { key, trusted } = await readOwnCertificates(stores, names, "live");
      assert.deepEqual(subjects(key?.chain), ["CN=own"]);
      assert.equal(trusted?.[0]?.alias, "apim");
    });
  }
});
