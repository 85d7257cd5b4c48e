import * as yaml from "yaml";
import { z } from "zod";
import { settingGroups } from "../../settings/schema";
import { expectedValues, settingInfo } from "../../settings/schema/describe";

/**
 * Replaces the `config:` block of Pulumi.yaml by the settings of settings/schema.
 *
 * @throws when the text has no such block
 */
export function withConfigBlock(pulumiYaml: string): string {
  // The block reaches to the next line that is not indented, or to the end.
  const block = /^config:\n(?:(?: .*|#.*)?\n)*/m;
  if (!block.test(pulumiYaml)) throw new Error("Pulumi.yaml: expected a line `config:`, found none; add it");
  return pulumiYaml.replace(block, () => configBlock());
}

function configBlock(): string {
  const groups = settingGroups.map(({ title, settings }) => {
    const declared = Object.entries<z.ZodDefault>(settings).map(([name, setting]) => [name, declaration(setting)]);
    // YAML 1.1, which the Pulumi CLI reads, takes a plain `off` for a boolean.
    const text = yaml.stringify(Object.fromEntries(declared), { version: "1.1", lineWidth: 0 });
    return `  # ${title}\n${text.replace(/^/gm, "  ").trimEnd()}\n`;
  });
  return `config:\n${groups.join("")}`;
}

function declaration(setting: z.ZodDefault) {
  const type = setting.unwrap() as z.ZodType;
  const hasRange = !(type instanceof z.ZodBoolean || type instanceof z.ZodString);
  const description = settingInfo.get(setting)?.description.replaceAll("`", "") ?? "";
  return {
    // The CLI checks the type of a value, and a value that is `auto` or a number is a string for it.
    type: type instanceof z.ZodBoolean ? "boolean" : type instanceof z.ZodNumber ? "integer" : "string",
    default: setting.parse(undefined),
    description: hasRange ? `${description} (${expectedValues(type)})` : description,
  };
}
