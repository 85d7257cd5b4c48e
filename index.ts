import { ApiManager } from "./components";
import { stackOutputs } from "./outputs";
import { planDeployment } from "./plan";
import { stackConfiguration, stackSecrets } from "./settings";

/** settings -> plan -> components -> outputs. */
export = async () => {
  const plan = await planDeployment(stackConfiguration());
  const apim = new ApiManager("apim", { ...plan, secrets: stackSecrets() });
  return stackOutputs(plan, apim);
};
