import { parseArgs } from "node:util";
import { stackOption } from "./project";
import { type DeployedStack, readStack } from "./stack";
import { type Backend, givenBackend, serveBackend } from "./verify/backend";
import { type CycleResult, runCycle } from "./verify/cycle";
import type { Check } from "./verify/linkChecks";
import { type LinkReport, verifyLinks } from "./verify/links";
import { printChecks, printSummary, stepPrinter } from "./verify/report";
import { type Limits, productLimits, standinLimits } from "./verify/waiting";

export const help = `Usage: npm run verify -- [options]

Checks every link of the running deployment, as each node sees it from inside (only the stand-in tells that), then goes
from publishing an API to calling it through the load balancer, over the product's own requests: Publisher, Store,
Gateway. What it made is removed again, also after a failure or Ctrl-C. Exit status 1 if anything failed.

  -s, --stack NAME    default: dev, or APIM_STACK
      --links         check the links only
      --endpoint URL  what the API leads to; by default verify serves it itself
      --keep          leave the API, the application and its subscription
      --kept NAME     in place of publishing, find and call what an earlier --keep left; then remove it
      --wait SECONDS  wait so long at most for the Store's list, the gateway and the revocation
      --json          the report as JSON`;

const options = {
  ...stackOption,
  links: { type: "boolean" },
  endpoint: { type: "string" },
  keep: { type: "boolean" },
  kept: { type: "string" },
  wait: { type: "string" },
  json: { type: "boolean" },
} as const;

/** What a verification does, besides the stack. */
export interface VerifyOptions {
  readonly links: boolean;
  readonly keep: boolean;
  readonly endpoint?: string;
  readonly kept?: string;
  /** Seconds. */
  readonly wait?: number;
}

export interface VerifyReport {
  readonly ok: boolean;
  /** Whether the servers are the stand-in; absent when none answered. */
  readonly standIn?: boolean;
  /** Each link as seen from inside; on the product only whether each node answers. */
  readonly checks: readonly Check[];
  /** Absent with --links. */
  readonly cycle?: CycleResult;
}

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options });
  const wait = values.wait === undefined ? undefined : Number(values.wait);
  if (wait !== undefined && !(wait >= 0 && wait <= 3600))
    throw new Error(`--wait: expected seconds from 0 to 3600, found "${values.wait}"`);
  if (values.kept !== undefined && !/^Verify[0-9a-f]{8}$/.test(values.kept))
    throw new Error(`--kept: expected a name such as Verify0123abcd, as --keep tells it, found "${values.kept}"`);
  const { endpoint, kept, links = false, keep = false, json = false } = values;
  const outputs = await readStack(values.stack);
  const stop = stopper();
  try {
    const chosen = { links, keep, ...(endpoint && { endpoint }), ...(kept && { kept }) };
    const printer = json ? undefined : textPrinter(keep);
    const report = await verifyDeployment(
      outputs,
      { ...chosen, ...(wait !== undefined && { wait }) },
      stop.signal,
      printer,
    );
    if (json) console.log(JSON.stringify(report, null, 2));
    return stop.signal.aborted ? 130 : report.ok ? 0 : 1;
  } finally {
    stop.end();
  }
}

/** Told of each part as it is done. */
export interface VerifyPrinter extends ReturnType<typeof stepPrinter> {
  readonly links: (report: LinkReport) => void;
  readonly end: (result: CycleResult) => void;
}

/** All checks of a running deployment. @throws when the endpoint can't be served or is no URL */
export async function verifyDeployment(
  outputs: DeployedStack,
  { links, keep, endpoint, kept, wait }: VerifyOptions,
  signal: AbortSignal,
  printer?: VerifyPrinter,
): Promise<VerifyReport> {
  const backend = endpoint === undefined ? await serve(outputs, links) : givenBackend(endpoint);
  try {
    const report = await verifyLinks(outputs);
    printer?.links(report);
    const up = report.checks.every(({ ok }) => ok);
    const told = report.standIn === undefined ? {} : { standIn: report.standIn };
    if (links || !backend) return { ok: up, ...told, checks: report.checks };
    const cycle = await runCycle({
      ...{ outputs, backend, keep, signal, ...(kept && { kept }) },
      checks: report.standIn === true ? report.checks : [],
      limits: limitsOf(report.standIn === true, wait),
      ...(printer && { done: printer.done, progress: printer.progress }),
    });
    printer?.end(cycle);
    return { ok: up && cycle.steps.every(({ ok }) => ok), ...told, checks: report.checks, cycle };
  } finally {
    await backend?.close();
  }
}

async function serve({ topology }: DeployedStack, linksOnly: boolean): Promise<Backend | undefined> {
  return linksOnly ? undefined : serveBackend(topology.network.gateway);
}

function limitsOf(standIn: boolean, wait: number | undefined): Limits {
  if (wait !== undefined) return { listing: wait, deployment: wait, revocation: wait };
  return standIn ? standinLimits : productLimits;
}

function textPrinter(keep: boolean): VerifyPrinter {
  return {
    ...stepPrinter(),
    links: ({ checks, standIn }) => {
      printChecks(checks);
      if (standIn === false) console.log("Links are not checked from inside: only the stand-in tells them.");
    },
    end: (result) => printSummary(result, keep),
  };
}

/** The first Ctrl-C ends the cycle and cleans up; another one ends at once. */
function stopper(): { signal: AbortSignal; end: () => void } {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write("Stopping; removing what was made. Ctrl-C again ends at once.\n");
    controller.abort(new Error("stopped"));
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return {
    signal: controller.signal,
    end: () => {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
    },
  };
}
