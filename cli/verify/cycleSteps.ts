import type { CycleRun } from "./cycleRun";
import { type CalledEnvironment, keyTypes, otherKeyType, wordOf } from "./environments";
import type { Group, Step } from "./runSteps";
import type { Suspect } from "./suspects";

/** The steps of a cycle, each with what it needs to work. */
export function cycleSteps(run: CycleRun): Step[] {
  return [
    ...(run.again ? [] : publisherSteps(run)),
    ...storeSteps(run),
    ...run.environments.flatMap((environment) => gatewaySteps(run, environment)),
  ];
}

/** Returns a function for steps of one group whose requests go through one route of the load balancer. */
function stepsOf(group: Group, front: readonly Suspect[]) {
  return (name: string, needs: readonly Suspect[], action: Step["run"]): Step => ({
    group,
    name,
    needs: [...front, ...needs],
    run: action,
  });
}

function publisherSteps(run: CycleRun): Step[] {
  const { need, api } = run;
  const step = stepsOf("Publisher", need.balancer("publisher"));
  const login = [...need.links("publisher", "AuthManager"), ...need.database("keyManager", "userdb")];
  const databases = [
    ...need.database("publisher", "apimgtdb"),
    ...need.registryMount("publisher"),
    ...need.database("publisher", "regdb"),
  ];
  const endpoints = [
    `endpoint ${api.endpoint}`,
    ...(api.sandboxEndpoint && api.sandboxEndpoint !== api.endpoint ? [`sandbox endpoint ${api.sandboxEndpoint}`] : []),
  ];
  const created = [`create ${api.name} ${api.version}`, `context ${api.context}`, ...endpoints].join(", ");
  return [
    step(`log in as ${api.provider}`, login, () => run.logIn("publisher")),
    step(created, databases, () => run.createApi()),
    step("publish the API to the gateways", need.links("publisher", "Environment["), () => run.publish()),
  ];
}

function storeSteps(run: CycleRun): Step[] {
  const { need, api, application } = run;
  const step = stepsOf("Store", need.balancer("store"));
  const login = [...need.links("store", "AuthManager"), ...need.database("keyManager", "userdb")];
  const shared = [
    ...need.registryMount("store"),
    ...need.database("store", "regdb"),
    ...need.cluster(),
    ...need.registryMount("publisher"),
  ];
  const database = need.database("store", "apimgtdb");
  const key = [
    ...need.links("store", "APIKeyValidator/ServerURL"),
    ...need.database("keyManager", "apimgtdb"),
    ...need.links("store", "RevokeAPIURL"),
    ...need.links("gateway", "_TokenAPI_", run.environments[0]),
  ];
  return [
    step(`log in as ${api.provider}`, login, () => run.logIn("store")),
    step(`find ${api.name} among the published APIs`, shared, (progress) => run.find(progress)),
    ...(run.again
      ? [step(`find application ${application}, its subscription and its keys`, database, () => run.findKeys())]
      : [
          step(`create application ${application}`, database, () => run.createApplication()),
          step("subscribe the application to the API", database, () => run.subscribe()),
          ...keyTypes.map((type) => step(`generate a ${wordOf(type)} key`, key, () => run.generateKey(type))),
        ]),
  ];
}

function gatewaySteps(run: CycleRun, environment: CalledEnvironment): Step[] {
  const { need } = run;
  const at = run.gateway(environment);
  const group: Group = run.environments.length === 1 ? "Gateway" : `Gateway ${environment.name}`;
  const step = stepsOf(group, need.balancer("gateway", "gatewayHttps", environment));
  const httpStep = stepsOf(group, need.balancer("gateway", "gatewayHttp", environment));
  const database = need.database("keyManager", "apimgtdb");
  const token = [...need.links("gateway", "_TokenAPI_", environment), ...database];
  const validation = [...need.links("gateway", "APIKeyValidator/", environment), ...database];
  const type = need.environmentType(environment);
  const deployed = [...validation, ...need.deployment(environment), ...type];
  const revocation = need.links("gateway", "_RevokeAPI_", environment);
  const revoked = [...revocation, ...need.links("gateway", "clustering", environment), ...validation];
  const again = [...token, ...need.links("keyManager", "clustering"), ...validation];
  const authorization = [...need.links("gateway", "_AuthorizeAPI_", environment), ...database];
  const other = wordOf(otherKeyType(at.own));
  const otherNeeds = [...token, ...validation, ...type];
  return [
    step("get a token at /token", token, () => at.getToken()),
    step("call the API with the token over HTTPS", deployed, () => at.call("gatewayHttps")),
    ...(run.servesHttp
      ? [httpStep("call the API with the token over HTTP", validation, () => at.call("gatewayHttp"))]
      : []),
    environment.type === "hybrid"
      ? step(`call the API with a ${other} key's token`, otherNeeds, () => at.callWithOther())
      : step(`call with a ${other} key's token: expect a refusal`, otherNeeds, () => at.refuseOther()),
    step("call without a token: expect a refusal", validation, () => at.callRefused(undefined, "900902")),
    step("call with a wrong token: expect a refusal", validation, () => at.callRefused("not-a-token", "900901")),
    step("revoke the token at /revoke", [...revocation, ...database], () => at.revoke()),
    step("call with the revoked token: expect a refusal", revoked, (progress) => at.callRevoked(progress)),
    step("get a new token and call the API", again, () => at.callAgain()),
    step("ask whether the Store's pages may call the API (CORS)", need.allowedOrigins(environment), () =>
      at.permitStore(),
    ),
    step("open /authorize: expect a redirect to log in within the deployment", authorization, () => at.authorize()),
  ];
}

/** The steps that remove what the run created; the application first, because an API with subscriptions can't be removed. */
export function cleaningSteps(run: CycleRun): Step[] {
  const { need, api, application } = run;
  const keys = [
    ...need.database("store", "apimgtdb"),
    ...need.links("store", "APIKeyValidator/ServerURL"),
    ...need.links("keyManager", "RevokeAPIURL"),
    ...need.links("gateway", "_RevokeAPI_", run.environments[0]),
  ];
  const publisher = [
    ...need.database("publisher", "apimgtdb"),
    ...need.database("publisher", "regdb"),
    ...need.links("publisher", "Environment["),
  ];
  const steps: Step[] = [];
  if (run.requested.application) {
    const name = `remove application ${application}, its subscription and keys`;
    steps.push(stepsOf("Clean up", need.balancer("store"))(name, keys, () => run.removeApplication()));
  }
  if (run.requested.api) {
    const name = `remove ${api.name} ${api.version}`;
    steps.push(stepsOf("Clean up", need.balancer("publisher"))(name, publisher, () => run.removeApi()));
  }
  return steps;
}
