import assert from "node:assert/strict";
import { type Endpoints, treatmentsFor } from "../../standin/environmentApi";

const [production, sandbox] = ["http://production", "http://sandbox"];
const both: Endpoints = { production, sandbox };

describe("stand-in: what a gateway does with keys for production and for the sandbox", () => {
  /** For a key of each type: the endpoint, or the answer. */
  function treatments(type: string, endpoints: Endpoints): Record<string, string> | undefined {
    const found = treatmentsFor(type, endpoints);
    if (found === undefined) {
      return undefined;
    }
    const text = (treatment: object): string => Object.values(treatment).join();
    const [one, other] = [text(found.matching), text(found.other)];
    return found.keyType === "PRODUCTION" ? { production: one, sandbox: other } : { production: other, sandbox: one };
  }

  it("depends on the type of the environment", () => {
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

  it("is an error sequence on a hybrid gateway when the API has no endpoint for the key", () => {
    assert.deepEqual(treatments("hybrid", { production }), { production, sandbox: "_sandbox_key_error_" });
    assert.deepEqual(treatments("hybrid", { sandbox }), { production: "_production_key_error_", sandbox });
  });

  it("is undefined when the API has no endpoint for the environment, so the API is not deployed there", () => {
    assert.equal(treatments("sandbox", { production }), undefined);
    assert.equal(treatments("production", { sandbox }), undefined);
  });

  it("is an error for a type that the product does not have", () => {
    assert.throws(
      () => treatmentsFor("Production", both),
      /expected hybrid, production or sandbox, found "Production"/,
    );
  });
});
