import assert from "node:assert/strict";
import { encodeDer, readDer, tags } from "../../certificates/der";

describe("DER", () => {
  it("readDer reads what encodeDer wrote, of any length, and ignores the bytes after it", () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
      const content = Buffer.alloc(length, 7);
      const written = encodeDer(tags.octetString, content);
      assert.deepEqual(readDer(Buffer.concat([written, Buffer.from("rest")]), tags.octetString), content);
      assert.throws(() => readDer(written.subarray(0, -1), tags.octetString), /truncated/);
    }
  });

  it("readDer refuses another tag, and an element without a length", () => {
    assert.throws(() => readDer(Buffer.from("3000", "hex"), tags.octetString), /of tag 4, found 48/);
    assert.throws(() => readDer(Buffer.from("30800000", "hex"), tags.sequence), /has no length/);
  });
});
