import assert from "node:assert/strict";
import type { Deployment } from "../../configs";
import { renderNode } from "../../configs";
import type { Distribution } from "../../distribution";
import { roles } from "../../product/roles";
import { encode } from "../../xml/encoding";
import { value, values } from "./reader";
import { changed, deploymentOf, forEachDistribution, nodeOf, renderedText, withRendered } from "./stock";

const deployment = deploymentOf({ jwt: true });

/** Renders all XML files of all roles. @returns `role path` -> bytes */
function renderAll(distribution: Distribution, wanted: Deployment = deployment): Map<string, Buffer> {
  return new Map(
    roles.flatMap((role) =>
      renderNode(nodeOf(wanted, role), wanted, distribution)
        .filter(({ path }) => path.endsWith(".xml"))
        .map(({ path, text, encoding }) => [`${role} ${path}`, encode(path, text, encoding)] as const),
    ),
  );
}

function mapBytes(files: Map<string, Buffer>, change: (bytes: Buffer) => Buffer): Map<string, Buffer> {
  return new Map([...files].map(([key, bytes]) => [key, change(bytes)]));
}

const crlf = (text: string) => text.replace(/\r?\n/g, "\r\n");
const lf = (text: string) => text.replace(/\r\n/g, "\n");
/** Replaces each level of indentation by a tab. */
const tabs = (text: string) => lf(text).replace(/^[ \t]+/gm, (indent) => "\t".repeat(Math.ceil(indent.length / 4)));
const utf16 = (text: string) =>
  Buffer.from(
    `\ufeff${text.replace(/^<\?xml[^>]*\?>/, (prolog) => prolog.replace(/encoding\s*=\s*["'][^"']*["']/, 'encoding="UTF-16"'))}`,
    "utf16le",
  );

describe("configs: other encodings, line ends and indentation", () => {
  forEachDistribution((load) => {
    let distribution: Distribution;
    before(function () {
      distribution = load(this);
    });

    it("added lines have the line ends of the file", () => {
      const unix = changed(distribution, lf);
      assert.deepEqual(
        renderAll(changed(distribution, crlf)),
        mapBytes(renderAll(unix), (bytes) => Buffer.from(crlf(bytes.toString("latin1")), "latin1")),
      );
    });

    it("added lines are indented with tabs if the file is", () => {
      for (const [key, bytes] of renderAll(changed(distribution, tabs))) {
        const added = bytes
          .toString("latin1")
          .split("\n")
          .filter((line) => /^ +</.test(line));
        assert.deepEqual(added, [], key);
      }
    });

    it("a byte order mark or UTF-16 is kept", () => {
      const text = (bytes: Buffer) => bytes.toString("latin1");
      const marked = new Map(
        [...distribution.files].map(([path, bytes]) => [path, Buffer.from(`\ufeff${text(bytes)}`)]),
      );
      const wide = new Map([...distribution.files].map(([path, bytes]) => [path, utf16(text(bytes))]));
      const isAscii = [...distribution.files.values()].every((bytes) => bytes.every((byte) => byte < 128));
      assert.ok(isAscii);
      const plain = renderAll(distribution);
      assert.deepEqual(
        renderAll({ ...distribution, files: marked }),
        mapBytes(plain, (bytes) => Buffer.from(`\ufeff${text(bytes)}`)),
      );
      assert.deepEqual(
        renderAll({ ...distribution, files: wide }),
        mapBytes(plain, (bytes) => utf16(text(bytes))),
      );
    });

    it("ISO-8859-1: existing bytes are kept, and other characters become character references", () => {
      const declared = changed(
        distribution,
        (text) =>
          `<?xml version="1.0" encoding="ISO-8859-1"?>${text.replace(/^<\?xml[^>]*\?>/, "").replace(/<!-- /, "<!-- \xe4\x80 ")}`,
      );
      const wanted: Deployment = { ...deployment, settings: { ...deployment.settings, adminUser: "Zoë Ω" } };
      for (const [key, bytes] of renderAll(declared, wanted)) {
        if (declared.files.get(key.split(" ")[1] ?? "")?.includes(0xe4))
          assert.ok(bytes.includes(Buffer.from([0xe4, 0x80])), key);
        if (key.endsWith("user-mgt.xml")) assert.ok(bytes.includes(Buffer.from("Zo\xeb &#937;", "latin1")), key);
      }
    });

    it("files without comments: settings that replace comments are added all the same", () => {
      const bare = changed(distribution, (text) => text.replace(/<!--[\s\S]*?-->/g, ""));
      for (const role of roles) {
        const carbon = renderedText(role, "carbon.xml", bare, deployment);
        assert.equal(value(carbon, "HostName"), nodeOf(deployment, role).hostName);
        assert.equal(value(carbon, "MgtHostName"), nodeOf(deployment, role).hostName);
        const api = renderedText(role, "api-manager.xml", bare, deployment);
        assert.equal(
          value(api, "APIKeyValidator/ThriftServerHost".replace("Validator", keyValidation(distribution))),
          role === "keyManager" ? "keymanager-1.apim-wso2.com" : "keymanager.apim-wso2.com",
        );
        const jwt = role === "keyManager" || role === "publisher" ? ["true"] : [];
        assert.deepEqual(values(api, "APIConsumerAuthentication/EnableTokenGeneration"), jwt);
      }
    });

    it("values that another deployment rendered are replaced", () => {
      const other = deploymentOf({
        multiTenancy: true,
        portOffsets: "none",
        networkSubnet: "10.0.0.0/24",
        keyManagerHost: "km.example.com",
        gatewayHost: "gw.example.com",
        publisherHost: "pub.example.com",
        storeHost: "store.example.com",
        apimgtdbHost: "a.example.com",
        userdbHost: "u.example.com",
        regdbHost: "r.example.com",
        clusterDomain: "other.domain",
        adminUser: "someone",
        poolMaxActive: 7,
      });
      // An allowed origin that the user chose is kept; only one of this machine is replaced.
      const anyOrigin = changed(distribution, (text) => text.replace(/(<Access-Control-Allow-Origin>)[^<]*/, "$1*"));
      for (const role of ["publisher", "store"] as const) {
        const leftovers = withRendered(anyOrigin, renderNode(nodeOf(other, role), other, anyOrigin));
        const node = nodeOf(deployment, role);
        assert.deepEqual(renderNode(node, deployment, leftovers), renderNode(node, deployment, anyOrigin));
      }
    });
  });
});

function keyValidation({ version }: Distribution): string {
  return version === "1.7.0" ? "Manager" : "Validator";
}
