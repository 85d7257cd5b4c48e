import * as docker from "@pulumi/docker";
import * as random from "@pulumi/random";
import {
  GatewayNode,
  KeyManagerNode,
  LoadBalancer,
  MySqlDatabases,
  PublisherNode,
  planDeployment,
  SelfSignUp,
  ServerCertificates,
  StoreNode,
} from "wso2-apim-distributed";
import { BackEnd } from "./backEnd";

export = async () => {
  const plan = await planDeployment(
    {
      // Ports and a network that no other deployment on this machine has.
      networkSubnet: "172.29.95.0/24",
      httpsPort: 14443,
      gatewayHttpsPort: 14243,
      gatewayHttpPort: 14280,
      managementPort: 14643,
      databasePort: 14306,
    },
    { name: "by-hand" },
  );
  const { name, subnet, gateway: address } = plan.topology.network;
  const network = new docker.Network("network", {
    name,
    driver: "bridge",
    ipamConfigs: [{ subnet, gateway: address }],
  });
  const { result: adminPassword } = new random.RandomPassword("admin-password", { length: 24, special: false });
  const databases = new MySqlDatabases("mysql", { plan, network });
  const certificates = new ServerCertificates("certificates", { plan });
  const wired = { plan, network, databases, certificates, adminPassword };

  // Nodes that share userdb start one after another; calls wait for the back end.
  const keyManager = new KeyManagerNode("key-manager", wired);
  const backEnd = new BackEnd("back-end", { network, image: plan.images.node.name }, { dependsOn: [keyManager] });
  const gateway = new GatewayNode("gateway", wired, { dependsOn: [backEnd] });
  const publisher = new PublisherNode("publisher", wired, { dependsOn: [keyManager] });
  // Up to 1.8, self sign-up is configured in a file.
  const signUp = plan.signUpInRegistry
    ? [new SelfSignUp("self-sign-up", { plan, certificates, adminPassword, publisher })]
    : [];
  const store = new StoreNode("store", wired, { dependsOn: [publisher, ...signUp] });
  new LoadBalancer("load-balancer", { plan, network, certificates }, { dependsOn: [gateway] });

  return { store: store.storeUrl, gateway: gateway.managementUrl, backEnd: backEnd.url };
};
