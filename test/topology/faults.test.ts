import assert from "node:assert/strict";
import { environments, faultsOf, itRefuses } from "../settings/support";

describe("topology: faults", () => {
  describe("nodes and gateway environments", () => {
    itRefuses([
      [
        { keyManagerReplicas: 2, keyValidatorClient: "ThriftClient" },
        /keyValidatorClient: expected auto or WSClient with 2 Key Managers, found "ThriftClient": several Key Managers are behind .* not Thrift; set /,
      ],
      [{ gatewayReplicas: 2, gatewayWorkers: 1 }, /gatewayReplicas: expected 1 with gatewayWorkers 1, found 2/],
      [{ gatewayEnvironments: "sandbox,sandbox" }, /gatewayEnvironments: .* found "sandbox" twice/],
      [{ gatewayEnvironments: "hybrid,worker=sandbox" }, /do not begin with "worker"/],
      [
        { gatewayEnvironments: "hybrid,aa=sandbox,aa-worker=sandbox", gatewayWorkers: 1 },
        /gives two nodes the name gateway-aa-worker-1/,
      ],
      [
        { deploymentSynchronizer: "svn", svnUrl: "http://a/", svnUser: "u", svnPassword: "x" },
        /deploymentSynchronizer: expected off without gateway workers/,
      ],
    ]);
  });

  describe("host names and addresses", () => {
    itRefuses([
      [{ storeHost: "gateway-1.apim-wso2.com" }, /storeHost: .* it is the name of gateway-1; set wso2-apim:storeHost/],
      [
        { gatewayEnvironments: "production,sandbox", storeHost: "sandbox-gateway.apim-wso2.com" },
        /storeHost: expected a name that no node has/,
      ],
      [{ gatewayEnvironments: environments(10) }, /networkSubnet: expected a larger network, found "172.28.0.0\/24"/],
      [
        { databaseHost: "172.28.0.10", databaseAdminPassword: "x" },
        /databaseHost: expected an address outside the deployment's own network 172\.28\.0\.0\/24, found "172\.28\.0\.10"/,
      ],
    ]);

    it("40 gateway environments are accepted with a larger networkSubnet", () => {
      assert.deepEqual(faultsOf({ gatewayEnvironments: environments(40), networkSubnet: "172.28.0.0/20" }), []);
    });
  });

  describe("ports", () => {
    itRefuses([
      [
        { managementPort: 8441 },
        /httpsPort: port 8443 is the management port of publisher-1 \(wso2-apim:managementPort is 8441\)/,
      ],
      [{ storeReplicas: 3, databasePort: 9466 }, /databasePort: port 9466 is the management port of store-3/],
      [
        { managementPort: 64990, storeReplicas: 8, gatewayEnvironments: environments(7) },
        /managementPort: expected at most/,
      ],
      [
        { gatewayReplicas: 2, portOffsets: "custom", gatewayOffset: 200 },
        /gatewayOffset: .* port 8443 is that of another front/,
      ],
      [
        { portOffsets: "custom", gatewayOffset: 161 },
        /gatewayOffset: .* port 8404 is the port at which it tells its revision/,
      ],
      [{ portOffsets: "custom", keyManagerOffset: 954 }, /keyManagerOffset: .* two ports would be 10397/],
      [
        { keyManagerReplicas: 2, gatewayReplicas: 2, portOffsets: "custom", gatewayOffset: 1163 },
        /keyManagerOffset: .* port 9443/,
      ],
    ]);
  });

  describe("memory of the load balancer", () => {
    const swarm = { platform: "swarm", imageRegistry: "registry:5000", sharedDirectory: "/mnt/apim" };
    const many = { ...swarm, keyManagerReplicas: 64, gatewayReplicas: 64, publisherReplicas: 64, storeReplicas: 64 };
    itRefuses([
      [many, /balancerMemory: expected at least 211 MiB for the number of nodes, found 128; set .* to 211, /],
    ]);

    it("what the error names is accepted", () => {
      assert.deepEqual(faultsOf({ ...many, balancerMemory: 211 }), []);
    });
  });
});
