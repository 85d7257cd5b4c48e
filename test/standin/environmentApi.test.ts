import assert from "node:assert/strict";
import { type Endpoints, treatmentsFor } from "../../standin/environmentApi";

const [production, sandbox] = ["http://production", "http://sandbox"];
const both: Endpoints = { production, sandbox };

describe("what a gateway does with the two kinds of keys", () => {
  /** What happens to a key of each kind: where it leads, or what is answered. */
  function treatments(type: string, endpoints: Endpoints): Record<string, string> | undefined {
    const found = treatmentsFor(type, endpoints);
    if (found === undefined) {
      return undefined;
    }
    const said = (treatment: object): string => Object.values(treatment).join();
    const [one, other] = [said(found.matching), said(found.other)];
    return found.keyType === "PRODUCTION" ? { production: one, sandbox: other } : { production: other, sandbox: one };
  }

  it("depends on the environment's type", () => {
    assert.deepEqual(treatments("hybrid", both), { production, sandbox });
    assert.deepEqual(treatments("production", both), {
      production,
      sandbox: "Sandbox Key Provided for Production Gateway",
    });
    assert.deepEqual(treatments("sandbox", both), {
      production: "Production Key Provided for Sandbox Gateway",
      sandbox,
    });
  });

  it("is the gateway's own answer where a hybrid one has no endpoint for the key", () => {
    assert.deepEqual(treatments("hybrid", { production }), { production, sandbox: "_sandbox_key_error_" });
    assert.deepEqual(treatments("hybrid", { sandbox }), { production: "_production_key_error_", sandbox });
  });

  it("is nothing where the API has no endpoint for the environment: it is not deployed there", () => {
    assert.equal(treatments("sandbox", { production }), undefined);
    assert.equal(treatments("production", { sandbox }), undefined);
  });

  it("is not known for another type", () => {
    assert.throws(
      () => treatmentsFor("Production", both),
      /expected hybrid, production or sandbox, found "Production"/,
    );
  });
});
