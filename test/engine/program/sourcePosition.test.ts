import assert from "node:assert/strict";
import { SourcePosition } from "@pulumi/pulumi/proto/source_pb";
import { recordedPosition } from "../../../engine/program/sourcePosition";

describe("source position of a resource", () => {
  const told = (uri: string, line: number, column = 0) =>
    recordedPosition(new SourcePosition().setUri(uri).setLine(line).setColumn(column), "/home/me/my project");

  it("is recorded relative to the project directory", () => {
    assert.equal(told("file:///home/me/my%20project/index.ts", 12, 3), "project:///index.ts#12,3");
    assert.equal(told("file:///home/me/my%20project/a%20b/part.ts", 12), "project:///a%20b/part.ts#12");
    assert.equal(told("file:///home/me/lib.ts", 1, 1), "project:///../lib.ts#1,1");
  });

  it("is not recorded without a file", () => {
    assert.equal(told("node:internal/modules", 1), undefined);
    assert.equal(recordedPosition(undefined, "/"), undefined);
  });
});
