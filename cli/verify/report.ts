import { marks } from "../text";
import type { CycleResult } from "./cycle";
import type { Check } from "./linkChecks";
import type { ResilienceResult } from "./resilience";
import type { Group, StepResult } from "./runSteps";
import type { Suspect } from "./suspects";
import type { LeftTenant } from "./tenantRun";

/** Prints one line per check, the reason below each failure, and a count. */
export function printChecks(checks: readonly Check[]): void {
  const { ok, failed } = marks();
  for (const check of checks) {
    console.log(`${check.ok ? ok : failed} ${check.name}${check.ms === undefined ? "" : ` (${check.ms} ms)`}`);
    if (check.detail) console.log(`    ${check.detail}`);
  }
  const bad = checks.filter((check) => !check.ok).length;
  console.log(bad === 0 ? `All ${checks.length} links are up.` : `${bad} of ${checks.length} links failed.`);
}

/** Prints each step when it ends, below its group's name. */
export function stepPrinter(): { done: (step: StepResult) => void; progress: (text: string) => void } {
  let group: Group | undefined;
  const { ok, failed } = marks();
  return {
    done: (step) => {
      if (step.group !== group) console.log(`\n${step.group}`);
      group = step.group;
      const mark = { ok, failed, "not run": "-" }[step.status];
      const time = step.ms === undefined ? "" : ` (${step.ms} ms)`;
      console.log(`${mark} ${step.name}${time}${step.status === "not run" ? ": not run" : ""}`);
      for (const line of stepDetails(step)) console.log(`    ${line}`);
    },
    progress: (text) => console.log(`    ${text}`),
  };
}

/** What a user needs to know to repair a failed step. */
function stepDetails({ detail, faults = [] }: StepResult): string[] {
  return [
    ...(detail === undefined ? [] : [detail]),
    ...(faults.length > 1 ? ["one of these links is at fault:"] : []),
    ...faults.flatMap((fault) => faultLines(fault, faults.length > 1)),
  ];
}

function faultLines({ link, node, file, element, why, settings, also }: Suspect, oneOfMany: boolean): string[] {
  const from = settings.length > 0 ? `, from the settings ${settings.join(", ")}` : "";
  const others = also.length > 0 ? [`  also involved: ${also.join("; ")}`] : [];
  return [
    `${oneOfMany ? "- " : "at fault: "}${link}; purpose of the link: ${why}`,
    `  see ${file} (${element}) of ${node}${from}`,
    ...(oneOfMany ? [] : others),
  ];
}

/** Prints the cycle's summary. */
export function printSummary({ steps, left, leftTenant }: CycleResult, kept: boolean): void {
  const bad = steps.filter(({ status }) => status === "failed").length;
  const notRun = steps.filter(({ status }) => status === "not run").length;
  const total = (steps.reduce((sum, { ms = 0 }) => sum + ms, 0) / 1000).toFixed(1);
  console.log("");
  if (bad + notRun === 0) console.log(`From publishing to calling: all ${steps.length} steps passed in ${total} s.`);
  else console.log(`From publishing to calling: ${bad} failed, ${notRun} not run, of ${steps.length} steps.`);
  if (leftTenant) console.log(tenantLine(leftTenant));
  if (!left) return;
  const what = [left.api && "API", left.application && "application"].filter(Boolean).join(" and ");
  console.log(
    kept
      ? `Kept: ${what} ${left.name} at ${left.url}; npm run verify -- --kept ${left.name} calls it again.`
      : `Left behind: ${what} ${left.name}, which could not be removed.`,
  );
}

function tenantLine({ domain, active }: LeftTenant): string {
  return active
    ? `Left behind: the tenant ${domain}, which could not be deactivated; deactivate it in the management console.`
    : `Left: the deactivated tenant ${domain}, which the product can't delete.`;
}

/** Prints the summary of --resilience. @param result undefined: something failed before */
export function printResilience(result: ResilienceResult | undefined): void {
  console.log("");
  if (!result) {
    console.log("Resilience: no node was stopped, because not everything passed before.");
    return;
  }
  const { nodes, steps, left } = result;
  const bad = steps.filter(({ status }) => status === "failed").length;
  const notRun = steps.filter(({ status }) => status === "not run").length;
  if (nodes.length === 0) console.log("Resilience: nothing to test, because no role has several nodes.");
  else if (bad + notRun === 0)
    console.log(`Resilience: all ${steps.length} steps passed; stopped and started ${nodes.join(", ")}.`);
  else console.log(`Resilience: ${bad} failed, ${notRun} not run, of ${steps.length} steps.`);
  for (const { name } of left) console.log(`Left behind: ${name}, which could not be removed.`);
}
