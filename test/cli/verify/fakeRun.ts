import { type CycleResult, runCycle } from "../../../cli/verify/cycle";
import type { CycleOptions } from "../../../cli/verify/cycleRun";
import type { FakeDeployment } from "./fakeDeployment";

/** Short limits in seconds, since the fake deployment does everything at once. */
export const shortLimits = { listing: 0.3, deployment: 0.3, revocation: 0.3 };

/** Runs verify's cycle on a fake deployment. @param options what differs from the defaults */
export function runOn(fake: FakeDeployment, options: Partial<CycleOptions> = {}): Promise<CycleResult> {
  return runCycle({
    outputs: fake.outputs,
    backend: fake.backend,
    checks: [],
    limits: shortLimits,
    keep: false,
    signal: new AbortController().signal,
    ...options,
  });
}
