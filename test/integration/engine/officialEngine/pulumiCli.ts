import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { projectDirectory } from "../../testStack";
import type { ProcessResult } from "../sampleSupport";

const run = promisify(execFile);
const packages = ["docker", "mysql", "random"] as const;

/** The Pulumi CLI of this machine, with this project's providers as its plugins. The CLI downloads no other plugin. */
export class PulumiCli {
  private readonly home = mkdtempSync(path.join(tmpdir(), "apim-pulumi-"));
  readonly environment: NodeJS.ProcessEnv = {
    PATH: `${path.join(this.home, "plugins")}${path.delimiter}${process.env.PATH}`,
    PULUMI_HOME: this.home,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };

  /** @returns the reason if there is no Pulumi CLI */
  static async find(): Promise<PulumiCli | string> {
    try {
      await run("pulumi", ["version"], { env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" } });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "no pulumi on PATH";
      throw error;
    }
    const cli = new PulumiCli();
    await cli.createPlugins();
    return cli;
  }

  private async createPlugins(): Promise<void> {
    // Inside the project, so that Node finds the packages.
    const outfile = path.join(projectDirectory, "dist", "providerPlugin.cjs");
    await build({
      entryPoints: [path.join(__dirname, "plugin.ts")],
      outfile,
      bundle: true,
      packages: "external",
      platform: "node",
      target: "node20",
      format: "cjs",
    });
    mkdirSync(path.join(this.home, "plugins"));
    for (const name of packages) {
      const { version } = require(`@pulumi/${name}/package.json`) as { version: string };
      const file = path.join(this.home, "plugins", `pulumi-resource-${name}`);
      writeFileSync(file, `#!/bin/sh\nexec "${process.execPath}" "${outfile}" ${name} ${version}\n`);
      chmodSync(file, 0o755);
    }
  }

  /** Runs the CLI on a project whose state is in the project's directory. */
  async run(directory: string, passphrase: string, args: readonly string[]): Promise<ProcessResult> {
    const env = {
      ...process.env,
      ...this.environment,
      PULUMI_BACKEND_URL: `file://${directory}`,
      PULUMI_CONFIG_PASSPHRASE: passphrase,
    };
    const options = { cwd: directory, env, maxBuffer: 64 << 20 };
    try {
      const { stdout, stderr } = await run("pulumi", [...args, "--non-interactive"], options);
      return { code: 0, text: stdout + stderr };
    } catch (error) {
      const { code, stdout = "", stderr = "" } = error as { code?: number; stdout?: string; stderr?: string };
      if (typeof code !== "number") throw error;
      return { code, text: stdout + stderr };
    }
  }

  dispose(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
