import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSettings } from "../../plan/settings";
import { completeSettings, differingSettings } from "../../settings/derived";
import { own } from "./support";

describe("settings: auto", () => {
  it("memory, heap and time-out: suitable for the distribution; set values stay", () => {
    const of = (raw: Record<string, unknown>) => {
      const { nodeMemory, nodeHeap, startTimeout } = parseSettings(raw, "dev");
      return { nodeMemory, nodeHeap, startTimeout };
    };
    assert.deepEqual(of({}), { nodeMemory: 192, nodeHeap: undefined, startTimeout: 180 });
    assert.deepEqual(of(own), { nodeMemory: 2048, nodeHeap: 1365, startTimeout: 600 });
    assert.deepEqual(of({ ...own, nodeMemory: 1536 }), { nodeMemory: 1536, nodeHeap: 1024, startTimeout: 600 });
    const set = { nodeMemory: 4096, nodeHeap: 3584, startTimeout: 90 };
    assert.deepEqual(of({ ...own, ...set }), set);
  });

  it("managementAddress: the publishAddress if it is a loopback address, else 127.0.0.1", () => {
    const of = (raw: Record<string, unknown>) => parseSettings(raw, "dev").managementAddress;
    assert.equal(of({ publishAddress: "127.0.0.2" }), "127.0.0.2");
    assert.equal(of({ publishAddress: "0.0.0.0" }), "127.0.0.1");
    assert.equal(of({ managementAddress: "192.0.2.7" }), "192.0.2.7");
  });

  it("keyValidatorClient: ThriftClient with one Key Manager, WSClient with several", () => {
    const of = (raw: Record<string, unknown>) => parseSettings(raw, "dev").keyValidatorClient;
    assert.equal(of({}), "ThriftClient");
    assert.equal(of({ keyManagerReplicas: 2 }), "WSClient");
    assert.equal(of({ keyValidatorClient: "WSClient" }), "WSClient");
  });

  it("is in no resolved setting", () => {
    for (const raw of [{}, own]) assert.ok(!Object.values(parseSettings(raw, "dev")).includes("auto"));
  });
});

describe("settings: those that differ from their default", () => {
  it("are those that the user set to another value", () => {
    const raw = { ...own, gatewayReplicas: 2, keyManagerReplicas: 2, httpsPort: 8443, nodeMemory: 3000 };
    const { httpsPort: _, ...differing } = raw;
    assert.deepEqual(differingSettings(parseSettings(raw, "blue")), differing);
  });

  it("restore all settings", () => {
    const raw = fc.record(
      {
        distribution: fc.constantFrom("stand-in", "/opt/packs/wso2am-1.9.0"),
        nodeMemory: fc.constantFrom("auto", "2048", "3000"),
        startTimeout: fc.integer({ min: 10, max: 3600 }).map(String),
        keyManagerReplicas: fc.integer({ min: 1, max: 8 }).map(String),
        publishAddress: fc.constantFrom("127.0.0.1", "127.0.0.2", "0.0.0.0"),
        managementAddress: fc.constantFrom("auto", "127.0.0.1", "127.0.0.2"),
        multiTenancy: fc.boolean().map(String),
        publisherHost: fc.constantFrom("publisher.apim-wso2.com", "publisher.example.com"),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(raw, (given) => {
        const settings = parseSettings(given, "blue");
        assert.deepEqual(completeSettings(differingSettings(settings), "blue"), settings);
      }),
    );
  });
});
