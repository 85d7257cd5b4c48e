import assert from "node:assert/strict";
import { parseSettings } from "../../plan/settings";
import { settingsSchema } from "../../settings";
import { completeSettings, differingSettings } from "../../settings/derived";
import { swarm as group } from "../../settings/schema/swarm";
import { faultsOf, itRefuses } from "./support";

const swarm = { platform: "swarm", imageRegistry: "registry.example.com:5000" };
const shared = { ...swarm, sharedDirectory: "/mnt/apim" };
const synchronized = {
  ...swarm,
  deploymentSynchronizer: "svn",
  svnUrl: "https://svn.example.org/apis",
  svnUser: "apis",
  svnPassword: "x",
};

/** A valid value of each setting of a swarm that is not its default. */
const values: Readonly<Record<Exclude<keyof typeof group.settings, "platform">, unknown>> = {
  imageRegistry: "registry.example.com:5000/apim",
  imageRegistryUser: "pusher",
  databasePlacement: "node.hostname == one",
  balancerPlacement: "node.role == worker, node.hostname != one",
  gatewayPlacement: "node.labels.zone==a",
  nodeSpread: "node.labels.zone == a, b",
  nodePlacement: "engine.labels.disk == ssd",
  balancerReplicas: 2,
  sharedDirectory: "/mnt/apim",
};

describe("settings of a swarm", () => {
  it("have defaults with which one Docker engine runs the servers", () => {
    assert.deepEqual(
      Object.keys(group.settings).filter((name) => name in settingsSchema.shape),
      ["platform", ...Object.keys(values)],
    );
    assert.equal(parseSettings({}, "dev").platform, "docker");
    assert.deepEqual(faultsOf({}), []);
  });

  it("are accepted, and are those that differ from their defaults", () => {
    const given = { ...swarm, ...values, imageRegistryPassword: "x" };
    assert.deepEqual(faultsOf(given), []);
    const settings = parseSettings(given, "dev");
    assert.deepEqual(differingSettings(settings), { platform: "swarm", ...values });
    assert.deepEqual(completeSettings(differingSettings(settings), "dev"), settings);
  });

  describe("without a swarm", () => {
    itRefuses([
      ...Object.entries(values).map(([name, value]): readonly [Record<string, unknown>, RegExp] => [
        { [name]: value, ...(name === "imageRegistryUser" && { imageRegistryPassword: "x" }) },
        new RegExp(
          `^${name}: expected nothing without a swarm, found ".+"; set wso2-apim:platform to swarm, or remove ${name}$`,
        ),
      ]),
    ]);

    itRefuses([
      [
        { storeReplicas: 9 },
        /^storeReplicas: expected at most 8 on one Docker engine, found 9; set wso2-apim:storeReplicas, or wso2-apim:platform to swarm$/,
      ],
      [{ gatewayWorkers: 9 }, /^gatewayWorkers: expected at most 8 on one Docker engine/],
    ]);

    it("accepts svn, with which a swarm would let gateways run on any machine", () => {
      assert.deepEqual(faultsOf({ ...synchronized, platform: "docker", imageRegistry: "", gatewayWorkers: 1 }), []);
    });
  });

  describe("with a swarm", () => {
    itRefuses([
      [{ platform: "swarm" }, /^imageRegistry: expected the registry .*, found nothing; set wso2-apim:imageRegistry/],
      [{ ...swarm, publishAddress: "0.0.0.0" }, /^publishAddress: expected nothing on a swarm, .* found "0\.0\.0\.0"/],
      [{ ...swarm, publishAddress: "127.0.0.2" }, /^publishAddress: expected nothing on a swarm/],
      [{ ...swarm, managementAddress: "0.0.0.0" }, /^managementAddress: expected nothing on a swarm/],
      [{ ...swarm, managementPort: 7443 }, /^managementPort: expected nothing on a swarm, .*; remove managementPort$/],
      [
        { ...swarm, gatewayReplicas: 3 },
        /^sharedDirectory: expected a directory with 3 gateways on a swarm, found nothing: .* or wso2-apim:deploymentSynchronizer to svn$/,
      ],
      [{ ...swarm, gatewayWorkers: 1 }, /^sharedDirectory: expected a directory with 2 gateways/],
      [{ ...swarm, imageRegistryUser: "pusher" }, /^imageRegistryPassword: expected a password, since imageReg/],
      [{ platform: "kubernetes" }, /^platform: expected /],
      [{ ...swarm, imageRegistry: "Registry:5000" }, /^imageRegistry: expected .*host:port/],
      [{ ...swarm, imageRegistry: "registry:5000/" }, /^imageRegistry: expected /],
      [{ ...swarm, balancerReplicas: 0 }, /^balancerReplicas: expected /],
      [{ ...swarm, sharedDirectory: "mnt/apim" }, /^sharedDirectory: expected an absolute path/],
      [{ ...swarm, sharedDirectory: "/mnt/apim/" }, /^sharedDirectory: expected an absolute path/],
      [{ ...swarm, sharedDirectory: "/mnt/a:b" }, /^sharedDirectory: expected an absolute path/],
      [{ ...swarm, nodePlacement: "node.hostname = one" }, /^nodePlacement: expected constraints of Docker Swarm/],
      [{ ...swarm, nodePlacement: "hostname == one" }, /^nodePlacement: expected constraints of Docker Swarm/],
      [
        { ...swarm, nodeSpread: "node.labels.zone == a" },
        /^nodeSpread: expected what distinguishes the machines and at/,
      ],
      [{ ...swarm, gatewayPlacement: "anywhere" }, /^gatewayPlacement: expected auto, or constraints of Docker Swarm/],
    ]);

    it("there may be more nodes than on one Docker engine, and a registry without TLS", () => {
      assert.deepEqual(faultsOf({ ...swarm, imageRegistry: "http://10.0.0.1:5000/apim", storeReplicas: 64 }), []);
    });

    it("several gateways share a directory or use svn", () => {
      assert.deepEqual(faultsOf({ ...shared, gatewayReplicas: 3 }), []);
      assert.deepEqual(faultsOf({ ...synchronized, gatewayWorkers: 2 }), []);
    });

    it("ports of other servers may be those that management ports have elsewhere", () => {
      assert.deepEqual(faultsOf({ ...swarm, httpsPort: 9443, databasePort: 9444 }), []);
    });

    it("gatewayPlacement auto: any machine if the APIs are on all of them, else the machine with the volume", () => {
      const of = (raw: Record<string, unknown>) => parseSettings(raw, "dev").gatewayPlacement;
      assert.equal(of(swarm), "node.labels.apim.gateway == true");
      assert.equal(of(shared), "");
      assert.equal(of({ ...synchronized, gatewayWorkers: 1 }), "");
      assert.equal(of({ ...shared, gatewayPlacement: "node.hostname == one" }), "node.hostname == one");
      assert.equal(of({ ...swarm, gatewayPlacement: "" }), "");
    });
  });
});
