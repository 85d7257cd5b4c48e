import type { CycleRun } from "./cycleRun";
import { type Step, stepsOf } from "./runSteps";
import { type SignUpRun, signUpSuspects } from "./signUpRun";

/** A new user signs up, subscribes to the API and calls it; or must not sign up, where that is switched off. */
export function signUpSteps(run: CycleRun, signUp: SignUpRun): Step[] {
  const { need } = run;
  const step = stepsOf("Self sign-up", need.balancer("store"));
  const created = [...signUpSuspects(need), ...need.database("keyManager", "userdb")];
  if (!run.mayLetSignUp)
    return [step("sign up as a new user: expect a refusal", created, () => signUp.expectRefusal())];
  const logIn = [...need.links("store", "AuthManager"), ...need.database("keyManager", "userdb")];
  const call = [
    ...need.database("store", "apimgtdb"),
    ...need.links("store", "APIKeyValidator/ServerURL"),
    ...need.links("gateway", "APIKeyValidator/", run.environments[0]),
  ];
  return [
    step(`sign up as the new user ${signUp.user}`, created, () => signUp.signUp()),
    step("log in to the Store as the new user", logIn, () => signUp.logIn()),
    step("subscribe to the API, get a key and call the API as the new user", call, () => signUp.callApi()),
  ];
}

/** Removes what the new user left, and the user. */
export function signUpCleaning({ need }: CycleRun, signUp: SignUpRun): Step[] {
  if (!signUp.isLeft) return [];
  const needs = [
    ...need.database("store", "apimgtdb"),
    ...need.database("keyManager", "userdb"),
    ...need.links("store", "APIKeyValidator/ServerURL"),
    ...need.links("keyManager", "RevokeAPIURL"),
  ];
  const step = stepsOf("Clean up", need.balancer("store"));
  return [step(`remove the user ${signUp.user}, with the user's application`, needs, () => signUp.remove())];
}
