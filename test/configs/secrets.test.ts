import assert from "node:assert/strict";
import { parseXml } from "@rgrove/parse-xml";
import * as fc from "fast-check";
import { fillSecrets, placeholdersIn, type RenderedFile } from "../../configs";
import { decode } from "../../xml/encoding";
import { awkwardText } from "./settings";

const file = (text: string, encoding = "utf-8"): RenderedFile => ({ path: "repository/conf/a.xml", text, encoding });

/** Any text that an XML file can hold. */
const xmlText = fc
  .string({ unit: "binary", minLength: 1 })
  .filter((text) =>
    [...text].every((character) => /[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(character)),
  );

describe("configs: secrets", () => {
  it("reads back as given, as text and as an attribute, in any encoding", () => {
    return fc.assert(
      fc.property(
        fc.oneof(xmlText, awkwardText),
        fc.constantFrom("utf-8", "iso-8859-1", "us-ascii", "windows-1252", "utf-16le"),
        (secret, encoding) => {
          const text = '<a b="{{secret:admin-password}}">{{secret:admin-password}}</a>';
          const bytes = fillSecrets(file(text, encoding), { "admin-password": secret });
          const prolog = `<?xml version="1.0" encoding="${encoding}"?>`;
          const whole = encoding === "utf-16le" ? bytes : Buffer.concat([Buffer.from(prolog), bytes]);
          const { root } = parseXml(decode("a.xml", whole).text);
          assert.equal(root?.text, secret);
          assert.equal(root?.attributes.b, secret);
        },
      ),
    );
  });

  it("fills every placeholder once: a secret that looks like one is only text", () => {
    const bytes = fillSecrets(file("<a>{{secret:database-store}}{{secret:admin-password}}</a>"), {
      "admin-password": "x",
      "database-store": "{{secret:admin-password}}",
    });
    assert.equal(parseXml(bytes.toString()).root?.text, "{{secret:admin-password}}x");
  });

  it("names file and secret when one is missing, and no value", () => {
    assert.throws(
      () => fillSecrets(file("<a>{{secret:database-store}}</a>"), { "admin-password": "hidden" }),
      (error: Error) => /a\.xml: needs the secret database-store/.test(error.message) && !/hidden/.test(error.message),
    );
  });

  it("refuses a value that no XML file can hold, without showing it", () => {
    assert.throws(
      () => fillSecrets(file("<a>{{secret:admin-password}}</a>"), { "admin-password": "hidden\u0001" }),
      (error: Error) =>
        /the secret admin-password holds the character U\+0001/.test(error.message) && !/hidden/.test(error.message),
    );
  });

  it("keeps every byte of a file without placeholders", () => {
    const bytes = Buffer.from('\ufeff<?xml version="1.0"?>\r\n<a>\tü</a>\r\n');
    const { text, encoding } = decode("a.xml", bytes);
    assert.deepEqual(fillSecrets({ path: "a.xml", text, encoding }, {}), bytes);
  });

  it("lists what a text needs", () => {
    assert.deepEqual(placeholdersIn("{{secret:a-b}} {{secret:c}} {{secret:a-b}}"), ["a-b", "c"]);
  });
});
