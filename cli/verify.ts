import { parseArgs } from "node:util";
import Docker from "dockerode";
import type { Topology } from "../topology";
import { type DeployedStack, readStack } from "./deployedStack";
import { stackOption } from "./project";
import { useDockerAddress } from "./setup/dockerAddress";
import { addressToward, type Backend, givenBackend, serveBackend } from "./verify/backend";
import { confirm } from "./verify/confirm";
import { type CycleResult, runCycle } from "./verify/cycle";
import { hangingNodes } from "./verify/hangingNodes";
import { expectedJwt } from "./verify/jwt";
import type { Check } from "./verify/linkChecks";
import { type LinkReport, verifyLinks } from "./verify/links";
import { DockerNodes, type NodeControl } from "./verify/nodeControl";
import { printChecks, printResilience, printSummary, stepPrinter } from "./verify/report";
import { type ResilienceResult, runResilience } from "./verify/resilience";
import { repeatedNodes } from "./verify/resilienceSteps";
import { SwarmNodes } from "./verify/serviceControl";
import { stopper } from "./verify/stopper";
import { hasTenants } from "./verify/tenantSuspects";
import { type Limits, productLimits, standinLimits } from "./verify/waiting";

export const help = `Usage: npm run verify -- [options]

Checks every link of the running deployment from inside each node (only the stand-in reports its links), then publishes
an API and calls it through the load balancer, with the product's own requests to Publisher, Store and Gateway. Removes
what it created, also after a failure or Ctrl-C. Exit status 1 if anything failed.

With --resilience, if all that passed: where a role has several nodes, stops one node after another, checks what must
work without it, and starts it again, also after a failure or Ctrl-C. Asks first.

  -s, --stack NAME    default: dev, or APIM_STACK
      --links         check the links only
      --resilience    also stop and start nodes; not together with --links or --kept
      --yes           with --resilience: do not ask, for example in a script
      --endpoint URL  the API's endpoint; by default, verify serves the endpoint itself
      --keep          do not remove the API, the application and its subscription
      --kept NAME     call the API of an earlier run with --keep instead of publishing one, then remove that API
      --slow SECONDS  how long the endpoint takes in one of the calls, 0 to 55, default 40; 0: no such call
      --no-tenant     with multiTenancy: make no tenant; the product can't delete one
      --wait SECONDS  wait at most so long each for the Store's list, the gateway and the revocation
      --json          print the report as JSON`;

const options = {
  ...stackOption,
  links: { type: "boolean" },
  resilience: { type: "boolean" },
  yes: { type: "boolean" },
  endpoint: { type: "string" },
  keep: { type: "boolean" },
  kept: { type: "string" },
  slow: { type: "string" },
  "no-tenant": { type: "boolean" },
  wait: { type: "string" },
  json: { type: "boolean" },
} as const;

/** Seconds. The gateways wait a minute for an endpoint; a load balancer with common defaults waits less than 40 s. */
const defaultSlow = 40;

/** What a verification does, besides the stack. */
export interface VerifyOptions {
  readonly links: boolean;
  readonly keep: boolean;
  readonly endpoint?: string;
  readonly kept?: string;
  /** Seconds that the slow endpoint takes. @default 0: it is not called */
  readonly slow?: number;
  /** With tenants: whether one is made. @default true */
  readonly tenant?: boolean;
  /** Seconds. */
  readonly wait?: number;
  /** Stops and starts nodes, when all else has passed. @default nothing is stopped */
  readonly resilience?: NodeControl;
}

export interface VerifyReport {
  readonly ok: boolean;
  /** Whether the servers are the stand-in; absent when no server answered. */
  readonly standIn?: boolean;
  /** Each link as the nodes report it. With the product: whether each node answers and opens no other database. */
  readonly checks: readonly Check[];
  /** Absent with --links. */
  readonly cycle?: CycleResult;
  /** Present with --resilience, unless something failed before. */
  readonly resilience?: ResilienceResult;
}

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options });
  const wait = values.wait === undefined ? undefined : Number(values.wait);
  if (wait !== undefined && !(wait >= 0 && wait <= 3600))
    throw new Error(`--wait: expected seconds from 0 to 3600, found "${values.wait}"`);
  const slow = Number(values.slow ?? defaultSlow);
  if (!(Number.isInteger(slow) && slow >= 0 && slow <= 55))
    throw new Error(`--slow: expected whole seconds from 0 to 55, found "${values.slow}"; the product waits 60 s`);
  if (values.kept !== undefined && !/^Verify[0-9a-f]{8}$/.test(values.kept))
    throw new Error(`--kept: expected a name such as Verify0123abcd, which --keep prints, found "${values.kept}"`);
  const { endpoint, kept, links = false, keep = false, json = false } = values;
  refuseContradictions(values);
  const outputs = await readStack(values.stack);
  useDockerAddress();
  const resilience = values.resilience ? nodeControl(outputs.topology) : undefined;
  if (resilience) {
    const answer = await permission(outputs, resilience, values.yes === true);
    if (answer !== "yes") {
      console.error("Nothing was checked or stopped.");
      return answer === "stopped" ? 130 : 1;
    }
  }
  const stop = stopper(resilience);
  try {
    const chosen = {
      links,
      keep,
      slow,
      tenant: values["no-tenant"] !== true,
      ...(endpoint && { endpoint }),
      ...(kept && { kept }),
      ...(resilience && { resilience }),
    };
    const printer = json ? undefined : textPrinter(keep);
    const report = await verifyDeployment(
      outputs,
      { ...chosen, ...(wait !== undefined && { wait }) },
      stop.signal,
      printer,
    );
    if (json) console.log(JSON.stringify(report, null, 2));
    else if (values["no-tenant"] && hasTenants(outputs.topology))
      console.log(
        "Tenants were left out: npm run verify makes one, which stays in the databases when it is deactivated.",
      );
    return stop.signal.aborted ? 130 : report.ok ? 0 : 1;
  } finally {
    stop.end();
  }
}

/** Prints each part of the report when the part is complete. */
export interface VerifyPrinter extends ReturnType<typeof stepPrinter> {
  readonly links: (report: LinkReport) => void;
  readonly end: (result: CycleResult) => void;
  readonly resilience?: (result: ResilienceResult | undefined) => void;
}

/** Runs all checks of a running deployment. @throws when the endpoint can't be served, or is not a URL */
export async function verifyDeployment(
  outputs: DeployedStack,
  { links, keep, endpoint, kept, slow = 0, tenant = true, wait, resilience }: VerifyOptions,
  signal: AbortSignal,
  printer?: VerifyPrinter,
): Promise<VerifyReport> {
  const backend = endpoint === undefined ? await serve(outputs, links) : givenBackend(endpoint);
  try {
    const report = await verifyLinks(outputs);
    printer?.links(report);
    const up = report.checks.every(({ ok }) => ok);
    const servers = report.standIn === undefined ? {} : { standIn: report.standIn };
    if (links || !backend) return { ok: up, ...servers, checks: report.checks };
    const common = {
      outputs,
      backend,
      signal,
      hanging: () => hangingNodes(outputs),
      checks: report.standIn === true ? report.checks : [],
      limits: limitsOf(report.standIn === true, wait),
      ...(printer && { done: printer.done, progress: printer.progress }),
    };
    const jwt = expectedJwt(outputs);
    const cycle = await runCycle({ ...common, keep, slow, tenant, ...(kept && { kept }), ...(jwt && { jwt }) });
    printer?.end(cycle);
    const good = up && cycle.steps.every(({ ok }) => ok);
    const checked = { ...servers, checks: report.checks, cycle };
    if (!resilience) return { ok: good, ...checked };
    const stopped = good && !signal.aborted ? await runResilience({ ...common, control: resilience }) : undefined;
    printer?.resilience?.(stopped);
    return {
      ok: good && stopped?.steps.every(({ ok }) => ok) === true,
      ...checked,
      ...(stopped && { resilience: stopped }),
    };
  } finally {
    await backend?.close();
  }
}

function nodeControl(topology: Topology): NodeControl {
  const Nodes = topology.platform === "swarm" ? SwarmNodes : DockerNodes;
  return new Nodes(topology, new Docker());
}

async function serve({ topology }: DeployedStack, linksOnly: boolean): Promise<Backend | undefined> {
  if (linksOnly) return undefined;
  const { platform, network, reachableAddress, balancer } = topology;
  const [entrance] = balancer.ports;
  const isSwarm = platform === "swarm" && entrance !== undefined;
  return serveBackend(isSwarm ? await addressToward(reachableAddress, entrance.published) : network.gateway);
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
      if (standIn === false) console.log("Links are not checked from inside: only the stand-in reports its links.");
    },
    end: (result) => printSummary(result, keep),
    resilience: printResilience,
  };
}

/** @throws when options contradict each other, or nobody can be asked */
function refuseContradictions(values: {
  readonly resilience?: boolean;
  readonly yes?: boolean;
  readonly links?: boolean;
  readonly kept?: string;
}): void {
  if (values.yes && !values.resilience)
    throw new Error("--yes: expected only with --resilience, which asks a question");
  if (!values.resilience) return;
  if (values.links) throw new Error("--resilience publishes and calls APIs, --links checks the links only: choose one");
  if (values.kept !== undefined)
    throw new Error("--resilience publishes APIs of its own, --kept publishes none: run them one after another");
  if (!values.yes && !process.stdin.isTTY)
    throw new Error("--resilience stops and starts nodes, and there is no terminal for the question; add --yes");
}

/** Asks whether nodes may be stopped, if there are any to stop. @throws unless all of them are healthy */
async function permission({ topology }: DeployedStack, control: NodeControl, given: boolean) {
  const names = repeatedNodes(topology).map(({ name }) => name);
  if (names.length === 0) return "yes";
  await control.check(names);
  if (given) return "yes";
  return confirm(
    `Stop and start ${names.join(", ")}, one after another? API calls in flight may fail, and users of a stopped Publisher or Store must log in again.`,
  );
}
