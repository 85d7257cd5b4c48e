import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as yaml from "yaml";
import { projectDirectory } from "../../cli/project";

/** The benchmark's own stack: its state in a temporary directory, its own network and ports. */
export class BenchStack {
  readonly name = "bench";
  readonly environment: NodeJS.ProcessEnv;
  private readonly backend = fs.mkdtempSync(path.join(os.tmpdir(), "apim-bench-"));
  private readonly file = path.join(projectDirectory, `Pulumi.${this.name}.yaml`);

  constructor() {
    const settings = {
      networkSubnet: "172.29.95.0/24",
      httpsPort: 31443,
      gatewayHttpsPort: 31243,
      gatewayHttpPort: 31280,
      managementPort: 31543,
      databasePort: 31306,
    };
    if (fs.existsSync(this.file))
      throw new Error(`${this.file}: expected no such file; another benchmark may be running, else remove the file`);
    const config = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`wso2-apim:${name}`, value]));
    fs.writeFileSync(this.file, yaml.stringify({ config }));
    this.environment = {
      ...process.env,
      APIM_ENGINE: "local",
      PULUMI_BACKEND_URL: `file://${this.backend}`,
      PULUMI_CONFIG_PASSPHRASE: "benchmark",
    };
  }

  dispose(): void {
    fs.rmSync(this.file, { force: true });
    fs.rmSync(this.backend, { recursive: true, force: true });
  }
}
