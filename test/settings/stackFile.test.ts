import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { loadSettingsFromStack } from "../../plan/settings";

const project = path.join(__dirname, "../..");

describe("settings: the stack's file", () => {
  it("its settings may lack the project's name as their namespace, as in the engines", () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "apim-settings-"));
    try {
      const text = "config:\n  jwt: true\n  wso2-apim:multiTenancy: true\n  docker:host: unix:///run/docker.sock\n";
      fs.writeFileSync(path.join(directory, "Pulumi.mixed.yaml"), text);
      const { jwt, multiTenancy } = loadSettingsFromStack(directory, "mixed");
      assert.deepEqual({ jwt, multiTenancy }, { jwt: true, multiTenancy: true });
      fs.appendFileSync(path.join(directory, "Pulumi.mixed.yaml"), "  jtw: true\n");
      assert.throws(() => loadSettingsFromStack(directory, "mixed"), /jtw: there is no such setting/);
    } finally {
      fs.rmSync(directory, { recursive: true });
    }
  });

  it("numbers and booleans may be quoted, as the Pulumi CLI writes them", () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "apim-settings-"));
    try {
      const write = (name: string, settings: readonly string[]) =>
        fs.writeFileSync(
          path.join(directory, `Pulumi.${name}.yaml`),
          `encryptionsalt: v1:abc:v1:def:ghi\nconfig:\n${settings.map((line) => `  wso2-apim:${line}\n`).join("")}`,
        );
      write("rewritten", [
        'jwt: "true"',
        'gatewayReplicas: "2"',
        'startTimeout: "600"',
        "networkSubnet: 172.29.1.0/24",
      ]);
      write("own", ["jwt: true", "gatewayReplicas: 2", "startTimeout: 600", 'networkSubnet: "172.29.1.0/24"']);
      const [rewritten, own] = ["rewritten", "own"].map((name) => loadSettingsFromStack(directory, name));
      assert.deepEqual(rewritten, { ...own, stack: "rewritten" });
      assert.deepEqual([own?.jwt, own?.gatewayReplicas, own?.startTimeout], [true, 2, 600]);
    } finally {
      fs.rmSync(directory, { recursive: true });
    }
  });

  it("a missing file is an error that names it", () => {
    assert.throws(() => loadSettingsFromStack(project, "nowhere"), /there is no Pulumi\.nowhere\.yaml/);
  });
});
