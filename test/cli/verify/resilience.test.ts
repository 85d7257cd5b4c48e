import assert from "node:assert/strict";
import type { NodeControl } from "../../../cli/verify/nodeControl";
import { runResilience } from "../../../cli/verify/resilience";
import { type ResilienceOptions, repeatedNodes } from "../../../cli/verify/resilienceSteps";
import type { StepResult } from "../../../cli/verify/runSteps";
import { FakeDeployment, type Override } from "./fakeDeployment";
import { shortLimits } from "./fakeRun";

/** The load balancer's cookie and the sessions of two Publishers and two Stores. */
class FakePortals {
  private readonly sessions = new Map<string, string>();
  /** The status of the page that a user without a session gets. */
  status = 200;
  /** Where the Publisher redirects such a user. */
  location = "/publisher/site/pages/login.jag";
  form = '<form><input type="password"></form>';
  /** False: the balancer's cookie still names the node that is down. */
  renames = true;

  constructor(private readonly down: ReadonlySet<string>) {}

  forget(node: string): void {
    for (const [id, at] of this.sessions) if (at === node) this.sessions.delete(id);
  }

  readonly answer: Override = ({ path, action, headers }): ReturnType<Override> => {
    const app = /^\/(publisher|store)\//.exec(path)?.[1];
    if (app === undefined) return undefined;
    const named = /APIM_NODE=([^;]+)/.exec(headers.cookie ?? "")?.[1] ?? `${app}-1`;
    const node = this.down.has(named) ? (named.endsWith("1") ? `${app}-2` : `${app}-1`) : named;
    const session = this.sessions.get(/JSESSIONID=([^;]+)/.exec(headers.cookie ?? "")?.[1] ?? "");
    if (action === "login") {
      const id = `${this.sessions.size + 1}`;
      this.sessions.set(id, node);
      const cookies = [`JSESSIONID=${id}; Path=/`, `APIM_NODE=${this.renames ? node : named}; path=/`];
      return { headers: { "set-cookie": cookies }, body: '{"error":false}' };
    }
    if (action === "getAllAPIs")
      return { body: session === node ? '{"error":false,"apis":[]}' : '{"error":true,"message":"AuthenticateError"}' };
    if (path === "/publisher/") return { status: 302, headers: { location: this.location } };
    if (path === "/publisher/site/pages/login.jag") return { status: this.status, body: this.form };
    if (path === "/store/") return { status: this.status, body: "<p>APIs</p>" };
    return undefined;
  };
}

describe("verify --resilience: stopping and starting nodes", () => {
  let fake: FakeDeployment;
  let portals: FakePortals;
  /** What was asked of Docker, in order. */
  let asked: string[];
  let stopped: Set<string>;
  beforeEach(async () => {
    fake = new FakeDeployment();
    await fake.start();
    asked = [];
    stopped = new Set();
    portals = new FakePortals(fake.down);
    fake.override = portals.answer;
  });
  afterEach(() => fake.stop());

  /** @param hooks called before the node is stopped, or started */
  function nodes(hooks: Partial<Record<"stop" | "start", (name: string) => void>> = {}): NodeControl {
    return {
      stopped,
      container: (name) => `apim-dev-${name}`,
      startCommand: (names) => `start ${names.join()}`,
      check: async () => undefined,
      stop: async (name) => {
        asked.push(`stop ${name}`);
        stopped.add(name);
        fake.down.add(name);
        portals.forget(name);
        hooks.stop?.(name);
      },
      start: async (name) => {
        asked.push(`start ${name}`);
        hooks.start?.(name);
        stopped.delete(name);
        fake.down.delete(name);
      },
    };
  }

  async function run(options: Partial<ResilienceOptions> = {}) {
    const steps: StepResult[] = [];
    const result = await runResilience({
      outputs: fake.outputs,
      backend: fake.backend,
      checks: [],
      limits: shortLimits,
      signal: new AbortController().signal,
      control: nodes(),
      done: (step) => void steps.push(step),
      ...options,
    });
    assert.deepEqual(result.steps, steps);
    return result;
  }

  const bad = (steps: readonly StepResult[]) => steps.filter(({ ok }) => !ok);
  const named = (steps: readonly StepResult[], status: StepResult["status"]) =>
    steps.filter((step) => step.status === status).map(({ group, name }) => `${group}: ${name}`);

  it("has nothing to test where no role has several nodes", async () => {
    assert.deepEqual(await run(), { nodes: [], steps: [], left: [] });
    assert.deepEqual([asked, fake.seen], [[], []]);
  });

  it("chooses the nodes beside which there is another one: workers, but not their only manager", () => {
    const chosen = (settings: FakeDeployment["settings"]) => {
      fake.settings = settings;
      return repeatedNodes(fake.topology).map(({ name }) => name);
    };
    assert.deepEqual(chosen({ gatewayWorkers: 2 }), ["gateway-worker-1", "gateway-worker-2"]);
    assert.deepEqual(chosen({ gatewayWorkers: 1 }), []);
    assert.deepEqual(chosen({ storeReplicas: 2, keyManagerReplicas: 2 }), [
      "keymanager-1",
      "keymanager-2",
      "store-1",
      "store-2",
    ]);
  });

  for (const [role, settings] of [
    ["gateway", { gatewayReplicas: 3 }],
    ["keymanager", { keyManagerReplicas: 2, gatewayReplicas: 1 }],
  ] as const)
    it(`stops each ${role}, publishes and calls an API without it, starts it, and removes the API`, async () => {
      fake.settings = settings;
      const result = await run();
      assert.deepEqual(bad(result.steps), []);
      const names = role === "gateway" ? ["gateway-1", "gateway-2", "gateway-3"] : ["keymanager-1", "keymanager-2"];
      assert.deepEqual(result.nodes, names);
      assert.deepEqual(
        asked,
        names.flatMap((name) => [`stop ${name}`, `start ${name}`]),
      );
      assert.deepEqual([fake.apis.size, fake.applications.size, result.left], [0, 0, []]);
      const steps = result.steps.map(({ group, name }) => `${group}: ${name}`);
      const at = (name: string) => steps.indexOf(`Without ${names[0]}: ${name}`);
      const order = [
        `stop ${names[0]}`,
        "publish the API to the gateways",
        "get a token at /token",
        "call the API with the token",
        `start ${names[0]} and wait until it is healthy`,
        "revoke the token at /revoke",
        "get a new token and call the API on every gateway",
      ].map(at);
      assert.ok(
        order[0] === 0 && order.every((position, index) => index === 0 || position > (order[index - 1] ?? 0)),
        `${order}`,
      );
    });

  it("names the gateway that does not serve the API when it is back", async () => {
    fake.settings = { gatewayReplicas: 2 };
    const published = new Set<string>();
    fake.override = (seen) => {
      if (seen.action === "updateStatus") for (const name of fake.down) published.add(name);
      const isCall = seen.headers.authorization?.startsWith("Bearer ");
      return isCall && published.has(seen.node) ? { status: 404, body: "" } : portals.answer(seen);
    };
    const { steps } = await run();
    const [first] = bad(steps);
    assert.equal(first?.name, "get a new token and call the API on every gateway");
    assert.match(first?.detail ?? "", /from gateway-1 status 404/);
    assert.deepEqual(
      first?.faults?.map(({ node }) => node),
      ["gateway-1"],
    );
    assert.deepEqual([fake.apis.size, fake.applications.size], [0, 0]);
  });

  it("starts the node and removes the API after a failure, and goes on with the next node", async () => {
    fake.settings = { gatewayReplicas: 2 };
    fake.override = (seen) =>
      seen.action === "updateStatus" && fake.down.has("gateway-1")
        ? { body: '{"error":true,"message":"no gateway"}' }
        : portals.answer(seen);
    const { steps } = await run();
    assert.deepEqual(named(steps, "failed"), ["Without gateway-1: publish the API to the gateways"]);
    assert.deepEqual(asked, ["stop gateway-1", "start gateway-1", "stop gateway-2", "start gateway-2"]);
    assert.deepEqual([fake.apis.size, fake.applications.size], [0, 0]);
  });

  it("starts the node when stopping it has failed", async () => {
    fake.settings = { gatewayReplicas: 2 };
    const fails = (name: string) => assert.notEqual(name, "gateway-1", "the engine does not answer");
    const { steps } = await run({ control: nodes({ stop: fails }) });
    assert.equal(named(steps, "failed")[0], "Without gateway-1: stop gateway-1");
    assert.deepEqual(asked.slice(0, 2), ["stop gateway-1", "start gateway-1"]);
  });

  it("starts the node after Ctrl-C, removes the API and stops no other node", async () => {
    fake.settings = { gatewayReplicas: 2 };
    const stop = new AbortController();
    const whileDown: Override = (seen) => {
      if (seen.action === "addAPISubscription") stop.abort(new Error("stopped"));
      return portals.answer(seen);
    };
    fake.override = whileDown;
    const { steps } = await run({ signal: stop.signal });
    assert.deepEqual(asked, ["stop gateway-1", "start gateway-1"]);
    assert.deepEqual([fake.apis.size, fake.applications.size], [0, 0]);
    assert.ok(named(steps, "not run").includes("Without gateway-2: stop gateway-2"));
    assert.ok(named(steps, "ok").includes("Without gateway-1: start gateway-1 and wait until it is healthy"));
  });

  it("stops no other node when one does not become healthy again", async () => {
    fake.settings = { gatewayReplicas: 2, storeReplicas: 2 };
    const start = () => assert.fail("expected gateway-1 to be healthy within 30 s");
    const { steps } = await run({ control: nodes({ start }) });
    assert.deepEqual(asked, ["stop gateway-1", "start gateway-1"]);
    assert.deepEqual(named(steps, "failed"), ["Without gateway-1: start gateway-1 and wait until it is healthy"]);
    assert.deepEqual([...stopped], ["gateway-1"]);
    assert.deepEqual([fake.apis.size, fake.applications.size], [0, 0]);
  });

  describe("Publishers and Stores", () => {
    beforeEach(() => {
      fake.settings = { publisherReplicas: 2, storeReplicas: 2 };
    });

    it("a user whose node stops sees the log-in page, logs in at another node, and at the node when it is back", async () => {
      const { steps, nodes: names } = await run();
      assert.deepEqual(bad(steps), []);
      assert.deepEqual(names, ["publisher-1", "publisher-2", "store-1", "store-2"]);
      assert.deepEqual(
        steps.slice(0, 6).map(({ name }) => name),
        [
          "log in at publisher-1 and list the APIs",
          "stop publisher-1",
          "open the first page with that session: expect no error",
          "log in again at another node and list the APIs",
          "start publisher-1 and wait until it is healthy",
          "log in at publisher-1 and list the APIs",
        ],
      );
      // The page was opened with the cookies of the session that died.
      const page = fake.seen.find(({ path }) => path === "/publisher/");
      assert.match(page?.headers.cookie ?? "", /JSESSIONID=1(;|$)/);
    });

    for (const [what, change, expected] of [
      ["an error page", { status: 500 }, /login\.jag: expected a page with status 200, found status 500/],
      ["a page without a log-in form", { form: "<p>Oops</p>" }, /expected a log-in form, found status 200: Oops/],
      [
        "a redirect out of the deployment",
        { location: "https://172.28.0.61:9445/publisher/" },
        /expected a redirect within http:\/\/publisher\.apim-wso2\.com:\d+, found https:\/\/172\.28\.0\.61:9445/,
      ],
      ["an endless redirect", { location: "/publisher/" }, /at most 5 redirects/],
    ] as const)
      it(`fails with ${what}, and starts the node`, async () => {
        Object.assign(portals, change);
        const { steps } = await run();
        const [first] = bad(steps);
        assert.equal(first?.name, "open the first page with that session: expect no error");
        assert.match(first?.detail ?? "", expected);
        assert.deepEqual(asked.slice(0, 2), ["stop publisher-1", "start publisher-1"]);
      });

    it("fails when the load balancer keeps the user at the node that is down", async () => {
      portals.renames = false;
      const [first] = bad((await run()).steps);
      assert.equal(first?.name, "log in again at another node and list the APIs");
      assert.match(first?.detail ?? "", /at another node than publisher-1, found publisher-1/);
    });
  });
});
