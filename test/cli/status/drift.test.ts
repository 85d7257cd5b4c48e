import assert from "node:assert/strict";
import { describeDrift, driftIn, glanceAtDrift } from "../../../cli/status/drift";

describe("what status says of drift", () => {
  const urn = (name: string) =>
    `urn:pulumi:dev::wso2-apim::wso2:apim:StoreNode$docker:index/container:Container::${name}`;

  it("is what a refresh finds gone or changed", () => {
    const drift = driftIn({
      steps: [
        { op: "same", urn: "urn:pulumi:dev::wso2-apim::pulumi:pulumi:Stack::wso2-apim-dev", newState: {} },
        { op: "refresh", urn: urn("a"), newState: {}, diffReasons: ["uploads", "image"] },
        { op: "refresh", urn: urn("b"), newState: {}, detailedDiff: { networkData: { kind: "update" } } },
        { op: "refresh", urn: urn("c"), newState: {}, diffReasons: null, detailedDiff: null },
        { op: "delete", urn: urn("d") },
        { op: "refresh", urn: urn("e"), newState: null },
      ],
    });
    assert.deepEqual(describeDrift({ drift }, "dev"), [
      "Changed outside since the last run:",
      "  Container a: uploads (files in it), image changed",
      "  Container b: networkData changed",
      "  Container d: gone",
      "  Container e: gone",
      "To put it right: npm run refresh, then npm run up",
    ]);
  });

  it("is nothing when nothing differs", () => {
    assert.deepEqual(describeDrift({ drift: driftIn({}) }, "dev"), ["Nothing was changed outside since the last run."]);
  });

  it("is not known when a refresh fails", () => {
    const failed = { diagnostics: [{ severity: "error", message: "no Docker engine answers" }] };
    assert.throws(() => driftIn(failed), /no Docker engine answers/);
  });

  it("is left out with a word where it can't be known or takes too long, and nobody goes on looking", async () => {
    const seen = await glanceAtDrift(async () => []);
    assert.deepEqual(seen, { drift: [] });
    const failing = await glanceAtDrift(() => Promise.reject(new Error("the passphrase does not fit\nmore of it")));
    assert.deepEqual(describeDrift(failing, "dev"), [
      "What was changed outside was not looked at: the passphrase does not fit",
    ]);
    let left: AbortSignal | undefined;
    const slow = await glanceAtDrift((signal) => {
      left = signal;
      return new Promise(() => {});
    }, 50);
    assert.deepEqual(slow, { driftUnknown: "it takes longer than 0.05 s; --drift waits for it" });
    assert.equal(left?.aborted, true);
  });
});
