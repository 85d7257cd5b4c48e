import { codeSteps } from "./codeSteps";
import { consoleSteps } from "./consoleSteps";
import type { CycleRun } from "./cycleRun";
import { keyTypes, wordOf } from "./environments";
import { gatewaySteps } from "./gatewaySteps";
import { type Step, stepsOf } from "./runSteps";

/** The steps of a cycle, each with what it needs to work. */
export function cycleSteps(run: CycleRun): Step[] {
  return [
    ...(run.again ? [] : publisherSteps(run)),
    ...storeSteps(run),
    ...run.environments.flatMap((environment) => [...gatewaySteps(run, environment), ...codeSteps(run, environment)]),
    ...consoleSteps(run),
  ];
}

/** The steps at the Publisher. */
export function publisherSteps(run: CycleRun): Step[] {
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

/** The steps at the Store, up to the application's keys. */
export function storeSteps(run: CycleRun): Step[] {
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
  if (run.created.has("application")) {
    const name = `remove application ${application}, its subscription and keys`;
    steps.push(stepsOf("Clean up", need.balancer("store"))(name, keys, () => run.removeApplication()));
  }
  if (run.created.has("api")) {
    const name = `remove ${api.name} ${api.version}`;
    steps.push(stepsOf("Clean up", need.balancer("publisher"))(name, publisher, () => run.removeApi()));
  }
  return steps;
}
