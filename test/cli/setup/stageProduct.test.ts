import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Host } from "../../../cli/setup/host";
import { driverFromMaven } from "../../../cli/setup/jdbcDriver";
import { removeUnusedContexts, stageProduct } from "../../../cli/setup/stageProduct";
import { contextsDirectory, imageFiles, productContext, programRecord } from "../../../images/productContext";
import { parseSettings } from "../../../plan/settings";
import { driverOf, oldDriver, writePack, zipOf } from "../../distribution/samplePack";
import { hostWith } from "./fakeHost";

const images = resolve(__dirname, "../../../images/apim");

const driverJar = driverOf("class");

describe("setup: the build context of a product image", () => {
  let project: string;
  let pack: string;
  let contexts: string;
  let reported: string[];
  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), "apim-product-"));
    pack = join(project, "wso2am-1.9.0");
    contexts = join(project, contextsDirectory);
    writePack(pack);
    writeFileSync(join(project, "driver-5.jar"), driverJar);
    mkdirSync(join(project, "images/apim"), { recursive: true });
    for (const name of imageFiles) cpSync(join(images, name), join(project, "images/apim", name));
  });
  afterEach(() => rmSync(project, { recursive: true }));

  function settingsOf(stack: string, more: Record<string, unknown> = {}) {
    writeFileSync(join(project, `Pulumi.${stack}.yaml`), "config: {}\n");
    return parseSettings({ distribution: "wso2am-1.9.0", jdbcDriver: "driver-5.jar", ...more }, stack);
  }

  async function stage(stack = "one", more: Record<string, unknown> = {}): Promise<string> {
    reported = [];
    const settings = settingsOf(stack, more);
    await stageProduct(settings, hostWith(), (line) => reported.push(line), project);
    // The path at which the program expects the context.
    return join(project, (await productContext(project, settings)).directory);
  }

  /** All contexts, including unfinished ones. */
  const existing = () => readdirSync(contexts).filter((name) => !name.endsWith(".json"));

  it("for another program: stays while its pack exists, without a stack file", async () => {
    const settings = { ...settingsOf("one", { distribution: pack }), stack: programRecord(pack) };
    await stageProduct(settings, hostWith(), () => undefined, project);
    const { hash } = await productContext(project, settings);
    removeUnusedContexts(project);
    assert.deepEqual(existing(), [hash]);
    rmSync(pack, { recursive: true });
    removeUnusedContexts(project);
    assert.deepEqual(existing(), []);
  });

  it("contains the Dockerfile, the scripts, the pack and the driver", async () => {
    const context = await stage();
    assert.deepEqual(readdirSync(context).sort(), ["Dockerfile", "entrypoint.sh", "healthcheck.sh", "pack"]);
    for (const name of imageFiles)
      assert.deepEqual(readFileSync(join(context, name)), readFileSync(join(images, name)));
    const file = "repository/conf/carbon.xml";
    assert.deepEqual(readFileSync(join(context, "pack", file)), readFileSync(join(pack, file)));
    assert.equal(statSync(join(context, "pack/bin/wso2server.sh")).mode & 0o777, 0o755);
    assert.deepEqual(readFileSync(join(context, "pack/repository/components/lib/driver-5.jar")), driverJar);
    assert.ok(!existsSync(join(pack, "repository/components/lib")), "the user's own directory is left alone");
    assert.equal(reported.length, 2, reported.join("\n"));
  });

  it("does not overwrite a file of the user's pack that has the name of the driver", async () => {
    const own = join(pack, "repository/components/lib/driver-5.jar");
    mkdirSync(join(own, ".."), { recursive: true });
    writeFileSync(own, "the pack's own");
    const context = await stage();
    assert.equal(readFileSync(own, "utf8"), "the pack's own");
    assert.deepEqual(readFileSync(join(context, "pack/repository/components/lib/driver-5.jar")), driverJar);
  });

  it("links the files of a pack directory, and copies the files that the server could not write", async () => {
    const locked = join(pack, "dbscripts/mysql.sql");
    chmodSync(locked, 0o444);
    const context = await stage();
    const inode = (path: string) => statSync(path).ino;
    assert.equal(inode(join(context, "pack/bin/wso2server.sh")), inode(join(pack, "bin/wso2server.sh")));
    // The server could not write to the original.
    assert.notEqual(inode(join(context, "pack/dbscripts/mysql.sql")), inode(locked));
    assert.equal(statSync(join(context, "pack/dbscripts/mysql.sql")).mode & 0o777, 0o644);
    assert.equal(statSync(locked).mode & 0o777, 0o444);
  });

  it("is not changed, and nothing is reported, when the same stack is staged again", async () => {
    const context = await stage();
    const before = [context, join(context, "Dockerfile"), join(contexts, "one.json")].map(
      (path) => statSync(path).mtimeMs,
    );
    assert.equal(await stage(), context);
    assert.deepEqual(reported, []);
    assert.deepEqual(
      [context, join(context, "Dockerfile"), join(contexts, "one.json")].map((path) => statSync(path).mtimeMs),
      before,
    );
  });

  it("is replaced after a change of pack, driver or script; other directories stay", async () => {
    const first = await stage();
    mkdirSync(join(contexts, "someones"));
    const changes = [
      () => writeFileSync(join(pack, "repository/components/plugins/more.jar"), "jar"),
      () => writeFileSync(join(project, "driver-5.jar"), driverOf("another class")),
      () => appendFileSync(join(project, "images/apim/entrypoint.sh"), "#\n"),
    ];
    let before = first;
    for (const change of changes) {
      change();
      const after = await stage();
      assert.notEqual(after, before);
      assert.ok(!existsSync(before) && existsSync(join(after, "Dockerfile")));
      before = after;
    }
    assert.deepEqual(existing().length, 2, existing().join(", "));
    assert.ok(existsSync(join(contexts, "someones")));
  });

  it("is shared by stacks with the same pack, and removed with the last of these stacks", async () => {
    const context = await stage("one");
    assert.equal(await stage("two"), context);
    assert.deepEqual(reported, []);
    await stageProduct(settingsOf("one", { image: "mine:1", jdbcDriver: undefined }), hostWith(), assert.fail, project);
    assert.ok(existsSync(context));
    rmSync(join(project, "Pulumi.two.yaml"));
    await stageProduct(parseSettings({}, "dev"), hostWith(), assert.fail, project);
    assert.deepEqual(readdirSync(contexts), []);
  });

  it("is removed if it is unfinished and its process has ended", async () => {
    mkdirSync(join(contexts, ".staging-999999999-0123456789ab/pack"), { recursive: true });
    const context = await stage();
    assert.deepEqual(
      existing().map((name) => join(contexts, name)),
      [context],
    );
  });

  describe("from a zip", () => {
    const zipped = (more: Record<string, Buffer> = {}, modes?: ReadonlyMap<string, number>) =>
      writeFileSync(join(project, "pack.zip"), zipOf(pack, more, modes));

    it("contains the same files, with their modes and links", async () => {
      const link = "wso2am-1.9.0/repository/conf/link.xml";
      zipped(
        {
          [link]: Buffer.from("carbon.xml"),
          "wso2am-1.9.0/bin/tool": Buffer.from("tool"),
          "wso2am-1.9.0/tmp/": Buffer.alloc(0),
        },
        new Map([
          [link, 0o120777],
          ["wso2am-1.9.0/bin/tool", 0o100700],
        ]),
      );
      const context = await stage("one", { distribution: "pack.zip" });
      const inContext = (path: string) => join(context, "pack", path);
      for (const path of ["bin/wso2server.sh", "repository/conf/carbon.xml", "repository/components/plugins/some.jar"])
        assert.deepEqual(readFileSync(inContext(path)), readFileSync(join(pack, path)));
      const modes = ["bin/wso2server.sh", "bin/tool", "repository/conf/carbon.xml", "tmp"];
      assert.deepEqual(
        modes.map((path) => (statSync(inContext(path)).mode & 0o777).toString(8)),
        ["755", "755", "644", "755"],
      );
      assert.equal(readlinkSync(inContext("repository/conf/link.xml")), "carbon.xml");
      await stage("one", { distribution: "pack.zip" });
      assert.deepEqual(reported, []);
    });

    const escapes: [what: string, name: string, mode: number, content: string, expected: RegExp][] = [
      ["a name outside of the pack", "wso2am-1.9.0/../../out", 0o100644, "x", /pack\.zip: invalid relative path/],
      ["an absolute name", "/tmp/apim-product-out", 0o100644, "x", /pack\.zip: absolute path/],
      [
        "a link to outside of the pack",
        "wso2am-1.9.0/a/out",
        0o120777,
        "../../x",
        /a\/out: expected a link within the pack, found a link to \.\.\/\.\.\/x/,
      ],
      ["an absolute link", "wso2am-1.9.0/out", 0o120777, "/etc", /out: expected a link within the pack, .* to \/etc/],
    ];
    for (const [what, name, mode, content, expected] of escapes)
      it(`refuses ${what}, and leaves nothing behind`, async () => {
        zipped({ [name]: Buffer.from(content) }, new Map([[name, mode]]));
        await assert.rejects(stage("one", { distribution: "pack.zip" }), expected);
        assert.deepEqual(existsSync(contexts) ? existing() : [], []);
      });

    it("is refused, without writing through a link, if a file lies below a link", async () => {
      const name = "wso2am-1.9.0/repository/conf2";
      zipped(
        { [name]: Buffer.from("conf"), [`${name}/carbon.xml`]: Buffer.from("<other/>") },
        new Map([[name, 0o120777]]),
      );
      await assert.rejects(stage("one", { distribution: "pack.zip" }), /EEXIST/);
      assert.deepEqual(existing(), []);
    });

    it("is refused if a file's checksum differs from the table of contents", async () => {
      const bytes = zipOf(pack, { "wso2am-1.9.0/repository/components/damaged": Buffer.from("abc") });
      // Deflate stores so few bytes literally, so that one of them can be changed here.
      const at =
        bytes.indexOf(Buffer.from("wso2am-1.9.0/repository/components/damaged")) +
        "wso2am-1.9.0/repository/components/damaged".length;
      bytes[at + 1] = (bytes[at + 1] ?? 0) ^ 0x08;
      writeFileSync(join(project, "pack.zip"), bytes);
      await assert.rejects(stage("one", { distribution: "pack.zip" }), /components\/damaged|incorrect|invalid/);
      assert.deepEqual(existing(), []);
    });
  });

  describe("and the driver", () => {
    const lib = "repository/components/lib";
    const ofPack = "mysql-connector-java-5.1.47-bin.jar";

    it("uses and reports the pack's driver, if the stack names no other", async () => {
      writePack(pack, { [`${lib}/${ofPack}`]: driverJar });
      const context = await stage("one", { jdbcDriver: undefined });
      assert.match(reported[0] ?? "", /the image uses the pack's mysql-connector-java-5\.1\.47-bin\.jar/);
      assert.deepEqual(readdirSync(join(context, "pack", lib)), [ofPack]);
    });

    it("uses and reports the stack's driver instead of the pack's", async () => {
      writePack(pack, { [`${lib}/${ofPack}`]: driverJar, [`${lib}/other.jar`]: "jar" });
      const own = await stage("one", { jdbcDriver: undefined });
      const context = await stage("one");
      assert.notEqual(context, own);
      assert.match(
        reported[0] ?? "",
        /the image uses .*driver-5\.jar instead of the pack's mysql-connector-java-5\.1\.47/,
      );
      assert.deepEqual(readdirSync(join(context, "pack", lib)).sort(), ["driver-5.jar", "other.jar"]);
      assert.deepEqual(readFileSync(join(pack, lib, ofPack)), driverJar, "the user's own directory is left alone");
    });

    it("refuses a driver of the pack that is not a jar", async () => {
      writePack(pack, { [`${lib}/${ofPack}`]: "no zip" });
      const none =
        /jdbcDriver: expected the jar of MySQL Connector\/J, found mysql-connector-java-5\.1\.47-bin\.jar of the pack \(/;
      await assert.rejects(stage("one", { jdbcDriver: undefined }), none);
      assert.deepEqual(existing(), []);
    });

    it("refuses a driver too old for the deployment's own MySQL; the user's own server may accept it", async () => {
      writePack(pack, { [`${lib}/${ofPack}`]: oldDriver() });
      writeFileSync(join(project, "old.jar"), oldDriver());
      const tooOld =
        /jdbcDriver: expected MySQL Connector\/J 5\.1\.46 or newer, .* set wso2-apim:jdbcDriver, e\.g\. to 5\.1\.49/;
      for (const jdbcDriver of [undefined, "old.jar"]) await assert.rejects(stage("one", { jdbcDriver }), tooOld);
      assert.deepEqual(existing(), []);
      const external = { databaseHost: "db.example.com", databaseAdminPassword: "x" };
      for (const jdbcDriver of [undefined, "old.jar"]) await stage("one", { jdbcDriver, ...external });
    });

    it("refuses a file that is missing or does not contain the driver", async () => {
      await assert.rejects(
        stage("one", { jdbcDriver: "none.jar" }),
        /jdbcDriver: expected .* found no file .*none\.jar/,
      );
      writeFileSync(join(project, "other.jar"), zipOf(pack));
      await assert.rejects(stage("one", { jdbcDriver: "other.jar" }), /other\.jar \(without com\/mysql\/jdbc\/Driver/);
      writeFileSync(join(project, "text.jar"), "no zip");
      await assert.rejects(stage("one", { jdbcDriver: "text.jar" }), /jdbcDriver: expected the jar of MySQL/);
      assert.deepEqual(existing(), []);
    });

    const version = "5.1.49";
    const place = `mysql/mysql-connector-java/${version}/mysql-connector-java-${version}.jar`;

    it("takes a version from Maven's local repository", async () => {
      const repository = join(project, "m2");
      mkdirSync(join(repository, place, ".."), { recursive: true });
      writeFileSync(join(repository, place), driverJar);
      const file = await driverFromMaven(version, project, hostWith(), assert.fail, repository);
      assert.equal(file, join(repository, place));
    });

    it("lets Maven fetch a version, with separate arguments", async () => {
      const target = join(project, "fetched");
      const host = hostWith((args) => {
        assert.deepEqual(args.slice(-3), [
          "dependency:copy",
          `-Dartifact=mysql:mysql-connector-java:${version}`,
          `-DoutputDirectory=${target}`,
        ]);
        mkdirSync(target);
        writeFileSync(join(target, `mysql-connector-java-${version}.jar`), driverJar);
        return { status: 0, output: "" };
      });
      const lines: string[] = [];
      const file = await driverFromMaven(version, target, host, (line) => lines.push(line), join(project, "empty"));
      assert.deepEqual(readFileSync(file), driverJar);
      assert.equal(lines.length, 1);
    });

    it("reports how to set a path when Maven is missing or fails", async () => {
      const from = (host: Host) => driverFromMaven("5.1.0", project, host, () => undefined, join(project, "empty"));
      const byPath = /set wso2-apim:jdbcDriver to the path of a mysql-connector-java jar/;
      await assert.rejects(
        from(hostWith()),
        /nor mvn on PATH to fetch mysql:mysql-connector-java:5\.1\.0; install Maven/,
      );
      await assert.rejects(from(hostWith()), byPath);
      const failing = hostWith(() => ({ status: 1, output: "[ERROR] no such artifact\n" }));
      await assert.rejects(from(failing), /\(status 1\).*\n\[ERROR\] no such artifact/);
      await assert.rejects(from(failing), byPath);
    });
  });

  it("is not created from a distribution that the program would refuse", async () => {
    const carbon = join(pack, "repository/conf/carbon.xml");
    writeFileSync(carbon, readFileSync(carbon, "utf8").replace("<Version>1.9.0", "<Version>2.0.0"));
    await assert.rejects(stage(), /carbon\.xml has version "2\.0\.0"/);
    // The distribution is also checked if the stack has the user's own image.
    const image = stage("one", { image: "mine:1", jdbcDriver: undefined });
    await assert.rejects(image, /carbon\.xml has version "2\.0\.0"/);
    assert.ok(!existsSync(contexts));
  });

  it("keeps links of the pack as links", async () => {
    symlinkSync("mysql.sql", join(pack, "dbscripts/link.sql"));
    const context = await stage();
    assert.ok(lstatSync(join(context, "pack/dbscripts/link.sql")).isSymbolicLink());
  });
});
