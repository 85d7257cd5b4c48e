import type { CycleRun } from "./cycleRun";
import type { CalledEnvironment } from "./environments";
import { type Step, stepsOf } from "./runSteps";

/** A user's log-in for an application through one environment: the authorization code grant. */
export function codeSteps(run: CycleRun, environment: CalledEnvironment): Step[] {
  const { need } = run;
  const step = stepsOf(run.gatewayGroup(environment), need.balancer("gateway", "gatewayHttps", environment));
  const code = run.code(environment);
  const pages = need.balancer("keyManager");
  const database = need.database("keyManager", "apimgtdb");
  const authorization = [...need.links("gateway", "_AuthorizeAPI_", environment), ...database, ...pages];
  const logIn = [...pages, ...need.database("keyManager", "userdb"), ...database];
  const token = [...need.links("gateway", "_TokenAPI_", environment), ...database];
  return [
    step("open /authorize: expect the log-in page, within the deployment", authorization, () => code.authorize()),
    step(`log in there as ${run.publication.api.provider}, consent, and return with a code`, logIn, () => code.logIn()),
    step("get a token for the code and call the API", token, () => code.callWithCode()),
  ];
}
