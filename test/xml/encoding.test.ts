import assert from "node:assert/strict";
import * as fc from "fast-check";
import { decode, encode } from "../../xml/encoding";

const declared = (encoding: string) => Buffer.from(`<?xml version='1.0' encoding='${encoding}'?>`);

describe("XML encodings", () => {
  it("single-byte encodings: any bytes survive decoding and encoding", () => {
    return fc.assert(
      fc.property(fc.constantFrom("ISO-8859-1", "latin1", "windows-1252"), fc.uint8Array(), (name, content) => {
        const bytes = Buffer.concat([declared(name), content]);
        const { text, encoding } = decode("a.xml", bytes);
        assert.deepEqual(encode("a.xml", text, encoding), bytes);
      }),
    );
  });

  it("UTF-8 and UTF-16, with and without byte order mark: bytes survive decoding and encoding", () => {
    return fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.boolean(),
        fc.constantFrom("utf8", "utf16le"),
        (content, mark, kind) => {
          const bytes = Buffer.from(`${mark ? "\ufeff" : ""}<a>${content}`, kind as BufferEncoding);
          const { text, encoding } = decode("a.xml", bytes);
          assert.ok(text.endsWith(content));
          assert.deepEqual(encode("a.xml", text, encoding), bytes);
          if (kind === "utf16le") {
            const swapped = Buffer.from(bytes).swap16();
            assert.deepEqual(encode("a.xml", text, decode("a.xml", swapped).encoding), swapped);
          }
        },
      ),
    );
  });

  it("ISO-8859-1: byte 0x80 is a control character, not the euro sign of windows-1252", () => {
    const { text } = decode("a.xml", Buffer.concat([declared("ISO-8859-1"), Buffer.from([0x80, 0xe4])]));
    assert.ok(text.endsWith("\u0080ä"));
  });

  it("windows-1252 and ISO-8859-15: each has the euro sign at its own place", () => {
    const windows = decode("a.xml", Buffer.concat([declared("windows-1252"), Buffer.from([0x80, 0x9f, 0x81])]));
    assert.ok(windows.text.endsWith("€Ÿ\u0081"));
    const { text } = decode("a.xml", Buffer.concat([declared("ISO-8859-15"), Buffer.from([0xa4])]));
    assert.ok(text.endsWith("€"));
  });

  it("bytes that are not in the declared encoding, and unknown encodings, are refused", () => {
    assert.throws(
      () => decode("conf/a.xml", Buffer.from([0x3c, 0xe4, 0x3e])),
      /conf\/a\.xml: is not valid UTF-8; save it/,
    );
    assert.throws(
      () => decode("conf/a.xml", Buffer.concat([declared("US-ASCII"), Buffer.from([0xe4])])),
      /declares encoding us-ascii but holds byte 0xe4/,
    );
    assert.throws(
      () => decode("conf/a.xml", declared("EBCDIC-CP-US")),
      /declares encoding ebcdic-cp-us; expected UTF-8/,
    );
  });
});
