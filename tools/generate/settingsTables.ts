import type { z } from "zod";
import { type ConfigurationFile, configurationFiles } from "../../product/files";
import { settingGroups } from "../../settings/schema";
import { type Changes, expectedValues, settingInfo } from "../../settings/schema/describe";
import { type SecretInfo, secrets } from "../../settings/schema/secrets";

/**
 * Replaces the tables of docs/settings.md: each stands between `<!-- table: NAME -->` and `<!-- end of table -->`.
 *
 * @throws when the text lacks a table
 */
export function withSettingsTables(text: string): string {
  return Object.entries(tables()).reduce((document, [name, rows]) => {
    const [start, end] = [`<!-- table: ${name} -->`, "<!-- end of table -->"];
    const from = document.indexOf(start);
    const to = document.indexOf(end, from);
    if (from < 0 || to < 0)
      throw new Error(`docs/settings.md: expected the lines ${start} and ${end}, found none; add them`);
    return `${document.slice(0, from)}${start}\n\n${rows}\n\n${document.slice(to)}`;
  }, text);
}

/** Name of a table -> its text. */
function tables(): Readonly<Record<string, string>> {
  return {
    ...Object.fromEntries(settingGroups.map(({ title, settings }) => [title, settingsTable(settings)])),
    Secrets: secretsTable(),
    "Changes in the product's files": changesTable(),
  };
}

function settingsTable(settings: Readonly<Record<string, z.ZodDefault>>): string {
  const rows = Object.entries(settings).map(([name, setting]) => [
    code(name),
    code(String(setting.parse(undefined))),
    expectedValues(setting.unwrap() as z.ZodType).replaceAll(" | ", ", "),
    settingInfo.get(setting)?.description ?? "",
  ]);
  return table([["setting", "default", "values", "meaning"], ...rows]);
}

function secretsTable(): string {
  const rows = Object.entries<SecretInfo>(secrets).map(([name, { neededWith, expected, description }]) => [
    code(name),
    neededWith === undefined ? "no" : `with ${code(conditionOf(neededWith))}`,
    expected,
    description,
  ]);
  return table([["secret", "needed", "values", "meaning"], ...rows]);
}

function conditionOf({ setting, value }: NonNullable<SecretInfo["neededWith"]>): string {
  return typeof value === "string" ? `${setting}: ${value}` : setting;
}

function changesTable(): string {
  const settings = settingGroups.flatMap((group) => Object.entries<z.ZodDefault>(group.settings));
  const changes: [string, Changes][] = settings.map(([name, setting]) => [
    code(name),
    settingInfo.get(setting)?.changes ?? {},
  ]);
  for (const [name, secret] of Object.entries<SecretInfo>(secrets))
    changes.push([`secret ${code(name)}`, secret.changes ?? {}]);
  const rows = changes.flatMap(([name, files]) =>
    Object.entries(files).map(([file, elements], position) => [
      position === 0 ? name : "",
      code(shortPath(file as ConfigurationFile)),
      elements,
    ]),
  );
  return table([["setting", "file", "what changes"], ...rows]);
}

/** The path below repository/conf; for a synapse API the file name. */
function shortPath(file: ConfigurationFile): string {
  return configurationFiles[file].path.replace(/^repository\/conf\/|^.*\/api\//, "");
}

function code(text: string): string {
  return text === "" ? "empty" : `\`${text}\``;
}

function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}
