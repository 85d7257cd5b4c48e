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
  const { need, publication } = run;
  const { api } = publication;
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
    step(`log in as ${api.provider}`, login, () => publication.logIn("publisher")),
    step(created, databases, () => publication.createApi()),
    step("publish the API to the gateways", need.links("publisher", "Environment["), () => publication.publish()),
  ];
}

/** The steps at the Store, up to the application's keys. */
export function storeSteps(run: CycleRun): Step[] {
  const { need, publication } = run;
  const { api, application } = publication;
  const step = stepsOf("Store", need.balancer("store"));
  const login = [...need.links("store", "AuthManager"), ...need.database("keyManager", "userdb")];
  const database = need.database("store", "apimgtdb");
  const key = [
    ...need.links("store", "APIKeyValidator/ServerURL"),
    ...need.database("keyManager", "apimgtdb"),
    ...need.links("store", "RevokeAPIURL"),
    ...need.links("gateway", "_TokenAPI_", run.environments[0]),
  ];
  return [
    step(`log in as ${api.provider}`, login, () => publication.logIn("store")),
    step(`find ${api.name} among the published APIs`, need.publishedApis(), (progress) => publication.find(progress)),
    ...(run.again
      ? [step(`find application ${application}, its subscription and its keys`, database, () => publication.findKeys())]
      : [
          step(`create application ${application}`, database, () => publication.createApplication()),
          step("subscribe the application to the API", database, () => publication.subscribe()),
          ...keyTypes.map((type) => step(`generate a ${wordOf(type)} key`, key, () => publication.generateKey(type))),
        ]),
  ];
}

/** The steps that remove what the run created; the application first, because an API with subscriptions can't be removed. */
export function cleaningSteps(run: CycleRun): Step[] {
  const { need, publication } = run;
  const { api, application } = publication;
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
  if (publication.created.has("application")) {
    const name = `remove application ${application}, its subscription and keys`;
    steps.push(stepsOf("Clean up", need.balancer("store"))(name, keys, () => publication.removeApplication()));
  }
  if (publication.created.has("api")) {
    const name = `remove ${api.name} ${api.version}`;
    steps.push(stepsOf("Clean up", need.balancer("publisher"))(name, publisher, () => publication.removeApi()));
  }
  return steps;
}
