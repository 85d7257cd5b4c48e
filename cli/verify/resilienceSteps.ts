import { type Role, roles } from "../../product/roles";
import { type Node, publishedRoutes, type Topology } from "../../topology";
import { Refused } from "./answers";
import { type CycleOptions, CycleRun, type LeftBehind } from "./cycleRun";
import { cleaningSteps, publisherSteps, storeSteps } from "./cycleSteps";
import { frontOf } from "./front";
import type { NodeControl } from "./nodeControl";
import { Portal, type PortalRole } from "./portal";
import { type Group, type Step, stepsOf } from "./runSteps";
import { type Suspect, Suspects } from "./suspects";
import { until, waiting } from "./waiting";

export interface ResilienceOptions extends Omit<CycleOptions, "keep" | "kept" | "absent"> {
  readonly control: NodeControl;
}

/** What is tested around the stop of one node. */
export interface Scenario {
  readonly node: Node;
  readonly group: Group;
  /** Before the stop. */
  readonly before: readonly Step[];
  /** While the node is down. */
  readonly without: readonly Step[];
  /** When the node is healthy again. */
  readonly after: readonly Step[];
  /** Removes what the other steps created. */
  readonly cleaning: () => readonly Step[];
  readonly left: () => LeftBehind | undefined;
}

/** The nodes beside which the load balancer has another one for the same requests, in the order of the roles. */
export function repeatedNodes(topology: Topology): Node[] {
  const names = new Set(
    roles
      .flatMap((role) => (["https", "gatewayHttps"] as const).flatMap((at) => publishedRoutes(topology, role, at)))
      .filter(({ targets }) => targets.length > 1)
      .flatMap(({ targets }) => targets.map(({ node }) => node)),
  );
  return topology.nodes.filter(({ name }) => names.has(name));
}

/** One scenario for each node of {@link repeatedNodes}. */
export function scenarios(options: ResilienceOptions): Scenario[] {
  return repeatedNodes(options.outputs.topology).map((node) => scenarioOf[node.role](node, options));
}

const scenarioOf: Readonly<Record<Role, (node: Node, options: ResilienceOptions) => Scenario>> = {
  keyManager: cycleScenario,
  gateway: cycleScenario,
  publisher: (node, options) => portalScenario(node, "publisher", options),
  store: (node, options) => portalScenario(node, "store", options),
};

/** The node itself, when it does not stop or start. */
export function containerOf({ name, role }: Node, control: NodeControl): Suspect {
  return {
    link: `Docker -> ${name} (container)`,
    node: name,
    file: control.container(name),
    element: `container of the ${role} node`,
    why: "the node is stopped and started again",
    settings: ["startTimeout"],
    also: [],
  };
}

/**
 * Publishes an API while the node is down, gets a token and calls the API. When the node is back, a new token is issued
 * and the API is called again, on the returned gateway too.
 */
function cycleScenario(node: Node, { control, ...options }: ResilienceOptions): Scenario {
  const group: Group = `Without ${node.name}`;
  const run = new CycleRun({ ...options, keep: false, absent: control.stopped });
  const own = run.environments.filter(({ host }) => host === node.hostName);
  const environments = own.length > 0 ? own : run.environments.slice(0, 1);
  const inGroup = (steps: readonly Step[]) => steps.map((step): Step => ({ ...step, group }));
  const calls = environments.map((environment) => {
    const { need } = run;
    const at = run.gateway(environment);
    const database = need.database("keyManager", "apimgtdb");
    const token = [...need.links("gateway", "_TokenAPI_", environment), ...database];
    const validation = [...need.links("gateway", "APIKeyValidator/", environment), ...database];
    const step = stepsOf(group, need.balancer("gateway", "gatewayHttps", environment));
    const revocation = [...need.links("gateway", "_RevokeAPI_", environment), ...database];
    return {
      without: [
        step("get a token at /token", token, () => at.getToken()),
        step("call the API with the token", [...validation, ...need.deployment(environment)], () =>
          at.call("gatewayHttps"),
        ),
      ],
      after: [
        step("revoke the token at /revoke", revocation, () => at.revoke()),
        step(
          "get a new token and call the API on every gateway",
          [...token, ...validation, ...need.shared(node.name)],
          () => at.callAgain(),
        ),
      ],
    };
  });
  return {
    node,
    group,
    before: [],
    without: [...inGroup([...publisherSteps(run), ...storeSteps(run)]), ...calls.flatMap(({ without }) => without)],
    after: calls.flatMap(({ after }) => after),
    cleaning: () => inGroup(cleaningSteps(run)),
    left: () => run.left(),
  };
}

/** A user logs in at the node, the node stops, and the user is asked to log in again at another one. */
function portalScenario(node: Node, role: PortalRole, options: ResilienceOptions): Scenario {
  const { outputs, limits, signal } = options;
  const group: Group = `Without ${node.name}`;
  const front = frontOf(options);
  const need = new Suspects(outputs.topology);
  const portal = new Portal(front, role);
  const step = stepsOf(group, need.balancer(role));
  const login = [
    ...need.links(role, "AuthManager"),
    ...need.database("keyManager", "userdb"),
    ...need.database(role, "regdb"),
  ];
  const logIn = () => portal.logIn(outputs.adminUser, outputs.adminPassword);
  /** The load balancer needs some seconds to notice that a node is back. */
  const logInThere = async () => {
    const there = await until(
      async () => {
        portal.visit(node.name);
        await logIn();
        return portal.node === node.name || undefined;
      },
      waiting(Math.max(limits.deployment, 1), signal),
    );
    if (!there) throw new Refused(`expected a session at ${node.name}, found one at ${portal.node}`);
  };
  return {
    node,
    group,
    before: [step(`log in at ${node.name} and list the APIs`, login, logInThere)],
    without: [
      step("open the first page with that session: expect no error", [], () => portal.openWithoutSession()),
      step("log in again at another node and list the APIs", login, async () => {
        await logIn();
        if (portal.node === node.name || portal.node === undefined)
          throw new Refused(
            `expected a session at another node than ${node.name}, found ${portal.node ?? "no cookie"}`,
          );
      }),
    ],
    after: [step(`log in at ${node.name} and list the APIs`, login, logInThere)],
    cleaning: () => [],
    left: () => undefined,
  };
}
