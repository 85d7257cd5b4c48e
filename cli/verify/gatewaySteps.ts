import type { CycleRun } from "./cycleRun";
import { type CalledEnvironment, otherKeyType, wordOf } from "./environments";
import { type Step, stepsOf } from "./runSteps";

/** The calls to the gateways of one environment. */
export function gatewaySteps(run: CycleRun, environment: CalledEnvironment): Step[] {
  const { need } = run;
  const at = run.gateway(environment);
  const group = run.gatewayGroup(environment);
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
  const user = run.user(environment);
  const byUser = [...token, ...need.database("keyManager", "userdb")];
  const claims = [
    ...(run.hasUserInfoApi ? need.links("gateway", "_UserInfoAPI_", environment) : []),
    ...need.userClaims(),
  ];
  const other = wordOf(otherKeyType(at.own));
  const otherNeeds = [...token, ...validation, ...type];
  return [
    step("get a token at /token", token, () => at.getToken()),
    step("call the API with the token over HTTPS", deployed, async () => {
      await at.call("gatewayHttps");
      // The later steps go on meanwhile; slowSteps waits for the answer.
      if (run.slow > 0) run.endpoint(environment)?.startSlow(run.slow);
    }),
    ...(run.servesHttp
      ? [httpStep("call the API with the token over HTTP", validation, () => at.call("gatewayHttp"))]
      : []),
    ...endpointSteps(run, environment),
    environment.type === "hybrid"
      ? step(`call the API with a ${other} key's token`, otherNeeds, () => at.callWithOther())
      : step(`call with a ${other} key's token: expect a refusal`, otherNeeds, () => at.refuseOther()),
    step("call without a token: expect a refusal", validation, () => at.callRefused(undefined, "900902")),
    step("call with a wrong token: expect a refusal", validation, () => at.callRefused("not-a-token", "900901")),
    step("revoke the token at /revoke", [...revocation, ...database], () => at.revoke()),
    step("call with the revoked token: expect a refusal", revoked, (progress) => at.callRevoked(progress)),
    step("get a new token and call the API", again, () => at.callAgain()),
    step("get a token for a user's password", [...byUser, ...need.grantType("password")], () => user.logIn()),
    step("call the API with the user's token", validation, () => user.call()),
    step("get a new token for the refresh token", [...byUser, ...need.grantType("refresh_token")], () =>
      user.refresh(),
    ),
    step("call the API with the user's new token", validation, () => user.call()),
    step("read the user's claims at userinfo", claims, (progress) => user.readClaims(run.hasUserInfoApi, progress)),
    step("ask whether the Store's pages may call the API (CORS)", need.allowedOrigins(environment), () =>
      at.permitStore(),
    ),
  ];
}

/** Calls whose arrival only verify's own endpoint can confirm. */
function endpointSteps(run: CycleRun, environment: CalledEnvironment): Step[] {
  const { need } = run;
  const endpoint = run.endpoint(environment);
  if (!endpoint) return [];
  const step = stepsOf(run.gatewayGroup(environment), need.balancer("gateway", "gatewayHttps", environment));
  const { jwt } = run;
  const posts = [1, 9].map((size) =>
    step(`POST a body of ${size} MB`, need.passThrough(environment, `bodies of ${size} MB`), () =>
      endpoint.post(size * 1_000_000),
    ),
  );
  if (!jwt) return posts;
  const name = `call the API: the back end receives ${jwt.header}${jwt.signed ? ", signed with the Key Manager's key" : ""}`;
  const needs = need.jwt(environment, "header");
  return [...posts, step(name, needs, () => endpoint.receiveJwt(jwt))];
}

/** The end of the call that takes long, after all other steps, which have gone on meanwhile. */
export function slowSteps(run: CycleRun): Step[] {
  const { need, slow } = run;
  return run.environments.flatMap((environment) => {
    const endpoint = run.endpoint(environment);
    if (!endpoint || slow === 0) return [];
    const step = stepsOf(run.gatewayGroup(environment), need.balancer("gateway", "gatewayHttps", environment));
    const name = `call a back end that takes ${slow} s: wait for the answer to a call that an earlier step sent`;
    return [step(name, need.passThrough(environment, "slow back ends"), () => endpoint.finishSlow())];
  });
}
