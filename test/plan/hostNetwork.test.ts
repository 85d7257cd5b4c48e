import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { checkNetwork, type HostNetwork, networkFault, routesIn } from "../../plan/hostNetwork";

const routeTable = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
wg0\t00001CAC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
`;
const host = (...subnets: string[]): HostNetwork[] => subnets.map((subnet) => ({ subnet, interface: "wg0" }));

describe("the deployment's subnet and the networks of this machine", () => {
  it("reads Linux's table of routes", () => {
    assert.deepEqual(routesIn(routeTable), [
      { subnet: "0.0.0.0/0", interface: "eth0" },
      { subnet: "172.17.0.0/16", interface: "docker0" },
      { subnet: "172.28.0.0/16", interface: "wg0" },
    ]);
  });

  it("an overlap is a fault that names the setting, the interface and a free subnet of the same size", () => {
    const fault = networkFault("172.28.0.0/24", routesIn(routeTable), "dev");
    assert.equal(
      fault,
      "networkSubnet: expected a network that nothing else on this machine uses, found 172.28.0.0/24, which overlaps 172.28.0.0/16 of interface wg0 (a LAN, a VPN or another Docker network); run: npm run config -- set networkSubnet 172.29.0.0/24",
    );
    assert.match(networkFault("172.28.0.0/16", host("172.28.7.4/32"), "blue") ?? "", /172\.29\.0\.0\/16 --stack blue$/);
    const all = host("172.16.0.0/12", "10.0.0.0/8");
    assert.match(networkFault("10.1.0.0/24", all, "dev") ?? "", /; choose a free one$/);
  });

  it("the default route, and routes that take all traffic into a VPN, are no faults", () => {
    assert.equal(networkFault("172.28.0.0/24", host("0.0.0.0/0", "128.0.0.0/1", "172.29.0.0/16"), "dev"), undefined);
  });

  describe("when a program runs", () => {
    const topology = {
      network: { name: "apim-dev", driver: "bridge", subnet: "172.28.0.0/24", gateway: "172.28.0.1" },
    } as const;
    const own = host("172.28.0.0/24");
    /** Docker has the deployment's network with this subnet; undefined: it has none. */
    async function withNetwork(subnet: string | undefined): Promise<void> {
      await pulumi.runtime.setMocks({
        call: ({ inputs }) => {
          if (subnet === undefined) throw new Error("could not find the network");
          return { ...inputs, ipamConfigs: [{ subnet, gateway: "" }] };
        },
        newResource: ({ inputs }) => ({ id: "", state: inputs }),
      });
    }

    it("its own network is no fault; that of others is", async () => {
      await withNetwork("172.28.0.0/24");
      await checkNetwork(topology, "dev", () => own);
      await withNetwork(undefined);
      await assert.rejects(
        checkNetwork(topology, "dev", () => own),
        /networkSubnet: expected a network that nothing/,
      );
      await checkNetwork(topology, "dev", () => host("192.168.1.0/24"));
    });

    it("another subnet is compared with all networks but the one that it replaces", async () => {
      await withNetwork("172.28.0.0/16");
      await checkNetwork(topology, "dev", () => host("172.28.0.0/16"));
      await assert.rejects(checkNetwork(topology, "dev", () => host("172.28.0.0/16", "172.28.0.128/25")));
    });

    it("nothing is compared when the Docker engine is on another machine", async () => {
      await withNetwork(undefined);
      pulumi.runtime.setAllConfig({ "docker:host": "tcp://10.0.0.9:2375" });
      try {
        await checkNetwork(topology, "dev", assert.fail);
      } finally {
        pulumi.runtime.setAllConfig({});
      }
    });
  });
});
