import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { projectDirectory } from "../cli/project";
import { withConfigBlock } from "./generate/pulumiYaml";
import { withSettingsTables } from "./generate/settingsTables";

const generators: Readonly<Record<string, (text: string) => string>> = {
  "Pulumi.yaml": withConfigBlock,
  "docs/settings.md": withSettingsTables,
};

/** A file of which a part is generated. */
export interface GeneratedFile {
  /** Below the project's directory. */
  readonly file: string;
  /** The text that the file should have. */
  readonly text: string;
  readonly isStale: boolean;
}

/** The files of which a part follows from settings/schema, with the parts generated anew. */
export function generatedFiles(): GeneratedFile[] {
  return Object.entries(generators).map(([file, generate]) => {
    const current = readFileSync(join(projectDirectory, file), "utf8");
    const text = generate(current);
    return { file, text, isStale: text !== current };
  });
}

export const help = `Usage: npm run generate

Writes what follows from the settings in settings/schema: the config block of Pulumi.yaml and the tables of
docs/settings.md. The rest of both files stays as it is.`;

/** The command `generate`. */
export async function run(args: string[]): Promise<number> {
  parseArgs({ args, options: {} });
  for (const { file, text, isStale } of generatedFiles()) {
    if (isStale) writeFileSync(join(projectDirectory, file), text);
    process.stdout.write(`${file}: ${isStale ? "written" : "unchanged"}\n`);
  }
  return 0;
}
