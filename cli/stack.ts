import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { parseArgs } from "node:util";
import writeFileAtomic from "write-file-atomic";
import {
  changeGivenPassphrase,
  changeOwnPassphrase,
  exportState,
  importState,
  isOwnPassphrase,
  listStacks,
  outputsIn,
  renameStack,
} from "../engine";
import { defaultNamePrefix, plainStackName, stackCommand, stackNameFault } from "../settings/field";
import { projectName } from "../settings/schema";
import { LocalConfig } from "./config/localConfig";
import { readValue } from "./config/readValue";
import { readResources } from "./deployedStack";
import { chooseEngine } from "./engine/chooseEngine";
import { pulumiEnvironment, runPulumi } from "./engine/pulumiCli";
import { projectDirectory, stackName, stackOption } from "./project";
import { toStderr } from "./setup/host";
import { table } from "./text";

export const help = `Usage: npm run stack -- ls | rename NEW | change-passphrase | export | import [options]

Shows, renames and moves stacks.

  ls                   list the stacks that have a state or settings
  rename NEW           rename the stack: its state and its settings; containers, volumes and databases keep their names
  change-passphrase    encrypt all secrets with another passphrase: a generated one in place of .pulumi/passphrase, for
                       every stack that has it; or, if PULUMI_CONFIG_PASSPHRASE is set, one that is asked for or read
                       from standard input, for this stack
  export               print the state, as \`pulumi stack export\` does; secrets stay encrypted
  import               replace the state by an exported one

  -s, --stack NAME     default: dev, or APIM_STACK
      --file FILE      with export and import: a file in place of standard output or input
      --show-secrets   with export: secrets in plain text`;

const options = { ...stackOption, file: { type: "string" }, "show-secrets": { type: "boolean" } } as const;

interface Request {
  readonly stack: string;
  readonly argument: string | undefined;
  readonly file: string | undefined;
  readonly showSecrets: boolean;
}

type Action = (request: Request) => Promise<void>;

/** The actions of the embedded engine, with the number of words behind each and the options that it has. */
const actions: Readonly<Record<string, { readonly words: number; readonly has: readonly string[]; run: Action }>> = {
  ls: { words: 0, has: [], run: list },
  rename: { words: 1, has: [], run: rename },
  "change-passphrase": { words: 0, has: [], run: changePassphrase },
  export: { words: 0, has: ["file", "show-secrets"], run: exportTo },
  import: { words: 0, has: ["file"], run: importFrom },
};

/** @returns the exit status */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const [name = "", argument, ...more] = positionals;
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined)
    throw new Error(
      `stack: expected one of ${Object.keys(actions).join(", ")}, found ${name || "nothing"}; see: npm run stack -- --help`,
    );
  const words = (argument === undefined ? 0 : 1) + more.length;
  if (words !== action.words)
    throw new Error(`stack ${name}: expected ${action.words === 0 ? "no further word" : "NEW"}, found ${words} words`);
  for (const option of ["file", "show-secrets"] as const)
    if (values[option] !== undefined && !action.has.includes(option))
      throw new Error(`stack ${name}: expected no --${option}, found it; see: npm run stack -- --help`);
  const request = {
    stack: stackName(values.stack),
    argument,
    // npm runs commands in the project's directory.
    file: values.file && resolve(process.env.INIT_CWD ?? process.cwd(), values.file),
    showSecrets: values["show-secrets"] ?? false,
  };
  if ((await chooseEngine()) === "pulumi") return withPulumi(name, request);
  await action.run({ ...request, stack: plainStackName(request.stack) });
  return 0;
}

/** The same with the Pulumi CLI. The passphrase of a state in files is changed here, with `.pulumi/passphrase`. */
async function withPulumi(action: string, request: Request): Promise<number> {
  const { stack, argument, file, showSecrets } = request;
  if (action === "change-passphrase") {
    const env = await pulumiEnvironment(stack, false);
    if (env.PULUMI_BACKEND_URL?.startsWith("file://")) {
      process.env.PULUMI_BACKEND_URL = env.PULUMI_BACKEND_URL;
      await changePassphrase({ ...request, stack: plainStackName(stack) });
      return 0;
    }
    return runPulumi(["stack", "change-secrets-provider", "passphrase", "--stack", stack], stack, false);
  }
  if (action === "rename") await keepNames(stack, argument ?? "");
  const given = [
    ...(argument === undefined ? [] : [argument]),
    ...(file === undefined ? [] : ["--file", file]),
    ...(showSecrets ? ["--show-secrets"] : []),
  ];
  const about = action === "ls" ? [] : ["--stack", stack];
  return runPulumi(["stack", action, ...given, ...about], stack, false);
}

async function list(): Promise<void> {
  const stacks = listStacks(projectDirectory);
  if (stacks.length === 0) return console.log("There are no stacks.");
  const rows = stacks.map(({ name, resources, written }) => [
    name,
    written === undefined ? "never up" : resources === undefined ? "unreadable" : `${resources} resources`,
    written?.toISOString().slice(0, 19).replace("T", " ") ?? "",
  ]);
  console.log(table([["NAME", "STATE", "LAST CHANGE (UTC)"], ...rows]));
}

async function rename({ stack, argument: to = "" }: Request): Promise<void> {
  const fault = stackNameFault(to);
  if (fault) throw new Error(fault);
  await keepNames(stack, to);
  await renameStack(projectDirectory, stack, to, toStderr);
  console.log(`Stack ${stack} is now ${to}. Check it with: ${stackCommand("preview", to)}`);
}

/** Sets `namePrefix` in the settings, so that the deployment keeps its names. */
async function keepNames(stack: string, to: string): Promise<void> {
  const outputs = outputsIn(await readResources(stack, false));
  if (outputs === undefined || Object.keys(outputs).length === 0) return;
  const { settings = {} } = outputs as { settings?: { namePrefix?: string } };
  const { namePrefix = defaultNamePrefix(plainStackName(stack)) } = settings;
  if (namePrefix === defaultNamePrefix(plainStackName(to))) return;
  const config = new LocalConfig(projectDirectory, plainStackName(stack), process.env, await chooseEngine());
  config.set(`${projectName}:namePrefix`, namePrefix);
  console.log(
    `namePrefix: set to ${namePrefix} in ${config.fileName}, so that containers and volumes keep their names`,
  );
}

async function changePassphrase({ stack }: Request): Promise<void> {
  const { PULUMI_CONFIG_PASSPHRASE, PULUMI_CONFIG_PASSPHRASE_FILE } = process.env;
  const isOwn = PULUMI_CONFIG_PASSPHRASE_FILE && isOwnPassphrase(projectDirectory, PULUMI_CONFIG_PASSPHRASE_FILE);
  if (PULUMI_CONFIG_PASSPHRASE !== undefined || (PULUMI_CONFIG_PASSPHRASE_FILE && !isOwn)) {
    const after = await readValue("the new passphrase", process.stdin);
    await changeGivenPassphrase(projectDirectory, stack, after, toStderr);
    const variable =
      PULUMI_CONFIG_PASSPHRASE === undefined ? "PULUMI_CONFIG_PASSPHRASE_FILE" : "PULUMI_CONFIG_PASSPHRASE";
    return console.log(`Stack ${stack} has the new passphrase. Set ${variable} to it before the next command.`);
  }
  const { changed, others } = await changeOwnPassphrase(projectDirectory, toStderr);
  console.log(`A new passphrase is in .pulumi/passphrase; secrets were encrypted with it: ${changed.join(", ")}`);
  if (others.length > 0) console.log(`Left as they are, with another passphrase: ${others.join(", ")}`);
}

async function exportTo({ stack, file, showSecrets }: Request): Promise<void> {
  const text = await exportState(projectDirectory, stack, showSecrets);
  if (file === undefined) return void process.stdout.write(text);
  writeFileAtomic.sync(file, text, { mode: 0o600 });
  toStderr(`Stack ${stack}: exported to ${file}`);
}

async function importFrom({ stack, file }: Request): Promise<void> {
  const text = file === undefined ? String(await buffer(process.stdin)) : readFileSync(file, "utf8");
  const resources = await importState(projectDirectory, stack, text, toStderr);
  console.log(`Stack ${stack}: imported ${resources} resources. Check it with: ${stackCommand("preview", stack)}`);
}
