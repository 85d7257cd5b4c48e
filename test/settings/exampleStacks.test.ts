import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import * as yaml from "yaml";
import { loadSettingsFromStack, parseSettings } from "../../plan/settings";
import type { SettingsError } from "../../settings";
import { buildTopology } from "../../topology";

const project = path.join(__dirname, "../..");

describe("settings: the example stacks", () => {
  it("have valid settings", () => {
    // Stack files of running tests and of the benchmark are left out, as in .gitignore.
    const files = fs.readdirSync(project).filter((name) => /^Pulumi\.(?!.*itest|bench\.).+\.yaml$/.test(name));
    assert.ok(files.includes("Pulumi.dev.yaml"));
    for (const file of files) {
      const stack = file.slice("Pulumi.".length, -".yaml".length);
      try {
        loadSettingsFromStack(project, stack);
      } catch (error) {
        // An example has no password.
        const missing = `databaseAdminPassword: expected a password, since databaseHost is db.example.com, found nothing; run: npm run config -- set --secret databaseAdminPassword --stack external-db`;
        assert.deepEqual((error as SettingsError).faults, [missing], file);
      }
    }
  });

  it("publish different ports, below those of outgoing connections", () => {
    const firstEphemeral = 32768; // net.ipv4.ip_local_port_range
    const stackOf = new Map<number, string>();
    for (const stack of ["dev", "clustered", "external-db", "product"]) {
      const { config } = yaml.parse(fs.readFileSync(path.join(project, `Pulumi.${stack}.yaml`), "utf8"));
      const plain = Object.entries(config).map(([name, value]) => [name.replace("wso2-apim:", ""), value]);
      const settings = parseSettings({ databaseAdminPassword: "hush-hush", ...Object.fromEntries(plain) }, stack);
      const { nodes, balancer, databaseServer } = buildTopology(settings);
      const ports = [
        ...nodes.flatMap(({ publishedPort = [] }) => publishedPort),
        ...balancer.ports.map(({ published }) => published),
        ...(databaseServer.external ? [] : [databaseServer.publishedPort]),
      ];
      for (const port of ports) {
        assert.ok(port < firstEphemeral, `${stack} publishes ${port}`);
        assert.equal(stackOf.get(port), undefined, `${port} of ${stack}`);
        stackOf.set(port, stack);
      }
    }
  });
});
