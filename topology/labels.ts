/** The label of every container, network and volume of a deployment; its value is the deployment's prefix. */
export const stackLabelName = "wso2.apim.stack";
