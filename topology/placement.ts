import type { Settings } from "../settings";

type Placement = "databasePlacement" | "balancerPlacement" | "gatewayPlacement" | "nodePlacement";

/** The constraints of Swarm that a setting has, one each, e.g. `node.labels.apim.mysql == true`; none on one Docker engine. */
export function constraintsOf(settings: Settings, name: Placement): string[] {
  if (settings.platform !== "swarm" || settings[name] === "") return [];
  return settings[name].split(/, */).map((constraint) => constraint.replace(/ *(==|!=) */, " $1 "));
}

/**
 * The constraint by which the setting `nodeSpread` keeps a node apart from the others of its role.
 *
 * @param index of the node, from 1
 * @param count how many nodes share its work
 * @returns at most one, e.g. `node.labels.zone == a`
 */
export function spreadConstraints({ platform, nodeSpread }: Settings, index: number, count: number): string[] {
  if (platform !== "swarm" || nodeSpread === "" || count < 2) return [];
  const [subject = "", ...values] = nodeSpread.split(/ *== *|, */);
  return [`${subject} == ${values[(index - 1) % values.length]}`];
}
