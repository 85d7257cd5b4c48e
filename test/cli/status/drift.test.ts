import assert from "node:assert/strict";
import { describeDrift, driftIn, tryReadDrift } from "../../../cli/status/drift";

describe("status: drift", () => {
  const urn = (name: string) =>
    `urn:pulumi:dev::wso2-apim::wso2:apim:StoreNode$docker:index/container:Container::${name}`;

  it("lists the resources that a refresh finds gone or changed", () => {
    const drift = driftIn({
      steps: [
        { op: "same", urn: "urn:pulumi:dev::wso2-apim::pulumi:pulumi:Stack::wso2-apim-dev", newState: {} },
        { op: "refresh", urn: urn("a"), newState: {}, diffReasons: ["uploads", "image"] },
        { op: "refresh", urn: urn("b"), newState: {}, diffReasons: [] },
        { op: "delete", urn: urn("c") },
      ],
    });
    assert.deepEqual(describeDrift({ drift }, "dev"), [
      "Changed outside since the last run:",
      "  Container a: uploads (files in it), image changed",
      "  Container c: gone",
      "To repair this, run: npm run refresh, then npm run up",
    ]);
  });

  it("does not list an equal image that was built or loaded again; another image under the same name is listed", () => {
    const image = (name: string) => ({
      op: "refresh",
      urn: `urn:pulumi:dev::wso2-apim::docker:index/remoteImage:RemoteImage::${name}`,
      newState: { inputs: { name } },
      diffReasons: ["imageId"],
    });
    const drift = driftIn({ steps: [image("wso2-apim/apim:0123456789ab"), image("wso2-apim/apim:mine")] });
    assert.deepEqual(
      drift.map(({ name }) => name),
      ["wso2-apim/apim:mine"],
    );
  });

  it("is empty when nothing differs", () => {
    assert.deepEqual(describeDrift({ drift: driftIn({}) }, "dev"), ["Nothing was changed outside since the last run."]);
  });

  it("is an error when the refresh fails", () => {
    const failed = { diagnostics: [{ severity: "error", message: "no Docker engine answers" }] };
    assert.throws(() => driftIn(failed), /no Docker engine answers/);
  });

  it("is skipped, with the reason, when the check fails or takes too long; the check is then aborted", async () => {
    assert.deepEqual(await tryReadDrift(async () => []), { drift: [] });
    const failing = await tryReadDrift(() => Promise.reject(new Error("the passphrase does not fit\nmore of it")));
    assert.deepEqual(describeDrift(failing, "dev"), [
      "Not checked for changes from outside: the passphrase does not fit",
    ]);
    let given: AbortSignal | undefined;
    const slow = await tryReadDrift((signal) => {
      given = signal;
      return new Promise(() => {});
    }, 50);
    assert.deepEqual(slow, { driftUnknown: "the check takes longer than 0.05 s; --drift waits for it" });
    assert.equal(given?.aborted, true);
  });
});
