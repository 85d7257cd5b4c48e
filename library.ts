/** What a Pulumi program imports: `import { ApiManager, planDeployment } from "wso2-apim-distributed"`. */

export * from "./components";
export { type DeploymentPlan, type DeploymentSettings, type PlanOptions, planDeployment } from "./plan";
