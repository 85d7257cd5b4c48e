import { wordOf } from "./environments";
import { type Step, stepsOf } from "./runSteps";
import type { TenantRun } from "./tenantRun";
import { tenantDatabases } from "./tenantSuspects";

/** The steps of a tenant from its making to a call of its API, each with what it needs to work. */
export function tenantSteps(run: TenantRun): Step[] {
  return [...publisherSteps(run), ...storeSteps(run), ...run.environments.flatMap((each) => gatewaySteps(run, each))];
}

function publisherSteps(run: TenantRun): Step[] {
  const { need, publication } = run;
  const { api } = publication;
  const step = stepsOf("Tenant", need.balancer("publisher"));
  const users = need.database("publisher", "userdb");
  const registry = [...need.registryMount("publisher"), ...need.database("publisher", "regdb")];
  const login = [...need.links("publisher", "AuthManager"), ...need.database("keyManager", "userdb"), ...users];
  const deployment = [...need.links("publisher", "Environment["), ...tenantDatabases(need, "gateway")];
  return [
    step(`make the tenant ${run.domain}`, [...users, ...registry], () => run.make()),
    step(`log in to the Publisher as ${run.user}`, login, () => publication.logIn("publisher")),
    step(`create ${api.name} ${api.version}`, [...need.database("publisher", "apimgtdb"), ...registry], () =>
      publication.createApi(),
    ),
    step("publish the API to the gateways", deployment, () => publication.publish()),
  ];
}

function storeSteps(run: TenantRun): Step[] {
  const { need, publication } = run;
  const { api, application } = publication;
  const step = stepsOf("Tenant", need.balancer("store"));
  const users = need.database("store", "userdb");
  const login = [...need.links("store", "AuthManager"), ...need.database("keyManager", "userdb"), ...users];
  const database = need.database("store", "apimgtdb");
  const key = [
    ...need.links("store", "APIKeyValidator/ServerURL"),
    ...need.database("keyManager", "apimgtdb"),
    ...need.database("keyManager", "userdb"),
    ...tenantDatabases(need, "keyManager"),
    ...need.links("store", "RevokeAPIURL"),
    ...need.links("gateway", "_TokenAPI_", run.environments[0]),
  ];
  return [
    step(`log in to the Store as ${run.user}`, login, () => publication.logIn("store")),
    step(`find ${api.name} among the tenant's published APIs`, need.publishedApis(), (progress) =>
      publication.find(progress),
    ),
    step(`create application ${application}`, database, () => publication.createApplication()),
    step("subscribe the application to the API", database, () => publication.subscribe()),
    ...run.keyTypes.map((type) => step(`generate a ${wordOf(type)} key`, key, () => publication.generateKey(type))),
  ];
}

function gatewaySteps(run: TenantRun, environment: TenantRun["environments"][number]): Step[] {
  const { need, publication } = run;
  const at = run.gateway(environment);
  const step = stepsOf("Tenant", need.balancer("gateway", "gatewayHttps", environment));
  const where = run.environments.length === 1 ? "" : ` (${environment.name})`;
  const database = need.database("keyManager", "apimgtdb");
  const token = [...need.links("gateway", "_TokenAPI_", environment), ...database];
  const call = [
    ...tenantDatabases(need, "gateway"),
    ...run.volumes(environment),
    ...need.links("gateway", "APIKeyValidator/", environment),
    ...database,
    ...need.deployment(environment),
  ];
  return [
    step(`get a token at /token${where}`, token, () => at.getToken()),
    step(`call the API at ${publication.path}${where}`, call, () => at.call("gatewayHttps")),
  ];
}

/** The steps that remove what the run created, as far as the product can: it can't delete a tenant. */
export function tenantCleaningSteps(run: TenantRun): Step[] {
  const { need, publication, domain } = run;
  const { api, application } = publication;
  const publisher = stepsOf("Clean up", need.balancer("publisher"));
  const databases = [...need.database("publisher", "apimgtdb"), ...need.database("publisher", "regdb")];
  const keys = [
    ...need.database("store", "apimgtdb"),
    ...need.links("store", "APIKeyValidator/ServerURL"),
    ...need.links("keyManager", "RevokeAPIURL"),
    ...need.links("gateway", "_RevokeAPI_", run.environments[0]),
  ];
  const steps: Step[] = [];
  if (publication.created.has("application")) {
    const name = `remove the tenant's application ${application}, its subscription and keys`;
    steps.push(stepsOf("Clean up", need.balancer("store"))(name, keys, () => publication.removeApplication()));
  }
  if (publication.created.has("api")) {
    const needs = [...databases, ...need.links("publisher", "Environment["), ...tenantDatabases(need, "gateway")];
    steps.push(publisher(`remove the tenant's ${api.name} ${api.version}`, needs, () => publication.removeApi()));
  }
  if (run.created.has("tenant"))
    steps.push(
      publisher(`deactivate the tenant ${domain}`, need.database("publisher", "userdb"), () => run.deactivate()),
    );
  return steps;
}
