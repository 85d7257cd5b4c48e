import type { Settings } from "../settings";

type Placement = "databasePlacement" | "balancerPlacement" | "gatewayPlacement" | "nodePlacement";

/** The constraints of Swarm that a setting has, one each, e.g. `node.labels.apim.mysql == true`; none on one Docker engine. */
export function constraintsOf(settings: Settings, name: Placement): string[] {
  if (settings.platform !== "swarm" || settings[name] === "") return [];
  return settings[name].split(/, */).map((constraint) => constraint.replace(/ *(==|!=) */, " $1 "));
}
