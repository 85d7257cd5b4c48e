import type { CycleRun } from "./cycleRun";
import type { Group, Step } from "./runSteps";
import type { Suspect } from "./suspects";

/** The steps of a cycle, each with what it needs to work. */
export function cycleSteps(run: CycleRun): Step[] {
  return [...(run.again ? [] : publisherSteps(run)), ...storeSteps(run), ...gatewaySteps(run)];
}

/** Makes steps of one group that go through one front of the balancer. */
function stepsOf(run: CycleRun, group: Group, front: string) {
  return (name: string, needs: readonly Suspect[], action: Step["run"]): Step => ({
    ...{ group, name, needs: [...run.need.balancer(front), ...needs], run: action },
  });
}

function publisherSteps(run: CycleRun): Step[] {
  const { need, api } = run;
  const step = stepsOf(run, "Publisher", "publisher");
  const login = [...need.links("publisher", "AuthManager"), ...need.database("keyManager", "userdb")];
  const databases = [
    ...need.database("publisher", "apimgtdb"),
    ...need.registryMount("publisher"),
    ...need.database("publisher", "regdb"),
  ];
  const created = `create ${api.name} ${api.version}, context ${api.context}, endpoint ${api.endpoint}`;
  return [
    step(`log in as ${api.provider}`, login, () => run.logIn("publisher")),
    step(created, databases, () => run.createApi()),
    step("publish it to the gateways", need.links("publisher", "Environment["), () => run.publish()),
  ];
}

function storeSteps(run: CycleRun): Step[] {
  const { need, api, application } = run;
  const step = stepsOf(run, "Store", "store");
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
    ...need.links("gateway", "_TokenAPI_"),
  ];
  return [
    step(`log in as ${api.provider}`, login, () => run.logIn("store")),
    step(`find ${api.name} among the published APIs`, shared, (progress) => run.find(progress)),
    ...(run.again
      ? [step(`find application ${application}, its subscription and its key`, database, () => run.findKey())]
      : [
          step(`create application ${application}`, database, () => run.createApplication()),
          step("subscribe it to the API", database, () => run.subscribe()),
          step("generate its production key", key, () => run.generateKey()),
        ]),
  ];
}

function gatewaySteps(run: CycleRun): Step[] {
  const { need } = run;
  const step = stepsOf(run, "Gateway", "api-https");
  const database = need.database("keyManager", "apimgtdb");
  const token = [...need.links("gateway", "_TokenAPI_"), ...database];
  const validation = [...need.links("gateway", "APIKeyValidator/"), ...database];
  const deployed = [...validation, ...need.links("publisher", "Environment[")];
  const revocation = need.links("gateway", "_RevokeAPI_");
  const revoked = [...revocation, ...validation];
  const authorization = [...need.links("gateway", "_AuthorizeAPI_"), ...database];
  return [
    step("get a token at /token", token, () => run.getToken()),
    step("call the API with it over HTTPS", deployed, () => run.call("gatewayHttps")),
    stepsOf(run, "Gateway", "api-http")("call the API with it over HTTP", validation, () => run.call("gatewayHttp")),
    step("be refused without a token", validation, () => run.callRefused(undefined, "900902")),
    step("be refused with a wrong token", validation, () => run.callRefused("not-a-token", "900901")),
    step("revoke the token at /revoke", [...revocation, ...database], () => run.revoke()),
    step("be refused with the revoked token", revoked, (progress) => run.callRevoked(progress)),
    step("get another token and call with it", [...token, ...validation], () => run.callAgain()),
    step("be sent by /authorize to log in, within the deployment", authorization, () => run.authorize()),
  ];
}

/** What undoes the steps that were reached; the application first: an API with subscriptions stays. */
export function cleaningSteps(run: CycleRun): Step[] {
  const { need, api, application } = run;
  const keys = [
    ...need.database("store", "apimgtdb"),
    ...need.links("store", "APIKeyValidator/ServerURL"),
    ...need.links("keyManager", "RevokeAPIURL"),
    ...need.links("gateway", "_RevokeAPI_"),
  ];
  const publisher = [
    ...need.database("publisher", "apimgtdb"),
    ...need.database("publisher", "regdb"),
    ...need.links("publisher", "Environment["),
  ];
  const steps: Step[] = [];
  if (run.made.application) {
    const name = `remove application ${application}, its subscription and keys`;
    steps.push(stepsOf(run, "Clean up", "store")(name, keys, () => run.removeApplication()));
  }
  if (run.made.api) {
    const name = `remove ${api.name} ${api.version}`;
    steps.push(stepsOf(run, "Clean up", "publisher")(name, publisher, () => run.removeApi()));
  }
  return steps;
}
