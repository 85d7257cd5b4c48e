import { ApiManager, planDeployment } from "wso2-apim-distributed";

export = async () => {
  const plan = await planDeployment(
    {
      gatewayReplicas: 2,
      // Ports and a network that no other deployment on this machine has.
      networkSubnet: "172.29.96.0/24",
      httpsPort: 15443,
      gatewayHttpsPort: 15243,
      gatewayHttpPort: 15280,
      managementPort: 16443,
      databasePort: 15306,
    },
    { name: "own" },
  );
  const apim = new ApiManager("apim", plan);
  return { store: apim.storeUrl, gateway: apim.gatewayUrl, adminPassword: apim.adminPassword };
};
