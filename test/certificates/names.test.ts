import assert from "node:assert/strict";
import { shortNames } from "../../certificates/names";

describe("names of a certificate in a message", () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `DNS:host${index + 1}`).join(", ");

  it("are shown in full up to three", () => {
    assert.equal(shortNames(names(1)), "DNS:host1");
    assert.equal(shortNames(names(3)), "DNS:host1, DNS:host2, DNS:host3");
  });

  it("are shortened to three and the number of the others", () => {
    assert.equal(shortNames(names(4)), "DNS:host1, DNS:host2, DNS:host3 and 1 more");
    assert.equal(shortNames(names(60)), "DNS:host1, DNS:host2, DNS:host3 and 57 more");
  });

  it("can be none", () => {
    assert.equal(shortNames(""), "no host");
  });
});
