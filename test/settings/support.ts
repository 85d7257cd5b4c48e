import assert from "node:assert/strict";
import { parseSettings } from "../../plan/settings";
import { SettingsError } from "../../settings";

/** The faults of raw settings; none when they are valid. */
export function faultsOf(raw: Record<string, unknown>, stack = "dev"): readonly string[] {
  try {
    parseSettings(raw, stack);
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error));
    return error.faults;
  }
  return [];
}

/** Raw settings, and the one fault that they have. */
export type Refusal = readonly [raw: Record<string, unknown>, fault: RegExp];

/** One test for each refusal: it reports this fault and no other. */
export function itRefuses(refusals: readonly Refusal[]): void {
  for (const [raw, fault] of refusals)
    it(`refuses ${JSON.stringify(raw)}`, () => {
      const faults = faultsOf(raw);
      assert.equal(faults.length, 1, faults.join("\n"));
      assert.match(faults[0] ?? "", fault);
    });
}

/** Settings of a stack with an image of the user's own. */
export const own = { distribution: "/opt/packs/wso2am-1.9.0", image: "mine:1" };

/** Settings of a stack with keystores of the user's own. */
export const ownStores = { keystore: "a.jks", truststore: "t.jks", keystorePassword: "x", truststorePassword: "x" };

/** A value of `gatewayEnvironments` with so many environments. */
export function environments(count: number): string {
  return Array.from({ length: count }, (_, number) => `region${number}=production`).join(",");
}
