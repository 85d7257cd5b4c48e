import assert from "node:assert/strict";
import { parseXml } from "@rgrove/parse-xml";
import * as fc from "fast-check";
import { fillSecrets, placeholdersIn, type RenderedFile } from "../../configs";
import { decode } from "../../xml/encoding";
import { awkwardText } from "./settings";

const file = (text: string, encoding = "utf-8"): RenderedFile => ({ path: "repository/conf/a.xml", text, encoding });

/** Any text that an XML file can contain. */
const xmlText = fc
  .string({ unit: "binary", minLength: 1 })
  .filter((text) =>
    [...text].every((character) => /[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(character)),
  );

describe("configs: fillSecrets", () => {
  it("a secret reads back unchanged as text and as an attribute, in any encoding", () => {
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

  it("a secret that looks like a placeholder is not filled again", () => {
    const bytes = fillSecrets(file("<a>{{secret:database-store}}{{secret:admin-password}}</a>"), {
      "admin-password": "x",
      "database-store": "{{secret:admin-password}}",
    });
    assert.equal(parseXml(bytes.toString()).root?.text, "{{secret:admin-password}}x");
  });

  it("a missing secret is an error that names file and secret, and shows no value", () => {
    assert.throws(
      () => fillSecrets(file("<a>{{secret:database-store}}</a>"), { "admin-password": "hidden" }),
      (error: Error) => /a\.xml: needs the secret database-store/.test(error.message) && !/hidden/.test(error.message),
    );
  });

  it("a secret with a character that XML can't contain is an error that does not show the value", () => {
    assert.throws(
      () => fillSecrets(file("<a>{{secret:admin-password}}</a>"), { "admin-password": "hidden\u0001" }),
      (error: Error) =>
        /the secret admin-password holds the character U\+0001/.test(error.message) && !/hidden/.test(error.message),
    );
  });

  it("a file without placeholders is not changed", () => {
    const bytes = Buffer.from('\ufeff<?xml version="1.0"?>\r\n<a>\tü</a>\r\n');
    const { text, encoding } = decode("a.xml", bytes);
    assert.deepEqual(fillSecrets({ path: "a.xml", text, encoding }, {}), bytes);
  });

  it("placeholdersIn lists each placeholder of a text once", () => {
    assert.deepEqual(placeholdersIn("{{secret:a-b}} {{secret:c}} {{secret:a-b}}"), ["a-b", "c"]);
  });
});
