import { parseArgs } from "node:util";
import {
  checkSetting,
  configCommand,
  isSecretSetting,
  plainStackName,
  stackNameFault,
  unknownSetting,
} from "../settings/field";
import { projectName } from "../settings/schema";
import { LocalConfig } from "./config/localConfig";
import { readValue } from "./config/readValue";
import { chooseEngine } from "./engine/chooseEngine";
import { runPulumi } from "./engine/pulumiCli";
import { projectDirectory, stackName, stackOption } from "./project";

export const help = `Usage: npm run config -- [set | get | rm] [options]

Shows or changes the settings of a stack, which are in Pulumi.<stack>.yaml. Without a command, lists the settings that
the stack sets.

  set NAME VALUE       check and set a value
  set --secret NAME    set a secret, which is asked for without showing it, or read from standard input
  get NAME             print the value, or the default
  rm NAME              remove the value, so that the default applies

  -s, --stack NAME     default: dev, or APIM_STACK
      --show-secrets   with get and the list: print secrets in plain text`;

const options = {
  ...stackOption,
  secret: { type: "boolean", default: false },
  "show-secrets": { type: "boolean", default: false },
} as const;

/** What only tests change. */
export interface ConfigPlace {
  /** The directory of Pulumi.yaml. @default this project */
  readonly projectDir?: string;
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** Where secrets are read from. @default process.stdin */
  readonly input?: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** @default process.stdout */
  readonly print?: (text: string) => void;
}

interface Request {
  readonly action: "set" | "get" | "rm" | "list";
  readonly stack: string;
  /** The name as the user gave it. */
  readonly name: string;
  /** The name with its namespace. */
  readonly key: string;
  /** The name without its namespace; undefined for a provider's setting, e.g. `docker:host`. */
  readonly setting: string | undefined;
  readonly value: string | undefined;
  readonly secret: boolean;
  readonly showSecrets: boolean;
}

/** @returns the exit status */
export async function run(args: string[], place: ConfigPlace = {}): Promise<number> {
  const { projectDir = projectDirectory, env = process.env, print = console.log } = place;
  const { values, positionals } = parseArgs({ args: negativesLast(args), options, allowPositionals: true });
  const request = requestOf(positionals, {
    stack: stackName(values.stack),
    secret: values.secret,
    showSecrets: values["show-secrets"],
  });
  if (request.action === "set") checkSet(request);
  const { action, stack, name, key, setting, value, secret, showSecrets } = request;
  // `pulumi config get` always prints a secret in plain text.
  const hidden = action === "get" && !showSecrets && setting !== undefined && isSecretSetting(setting);
  const engine = await chooseEngine(env);
  if (!hidden && engine === "pulumi")
    return runPulumi(pulumiArguments(request), stack, action === "set", { projectDir, env });
  const local = new LocalConfig(projectDir, stack, env, engine);
  switch (action) {
    case "list":
      print(await local.list(showSecrets));
      return 0;
    case "get":
      print(await local.get(key, showSecrets));
      return 0;
    case "rm":
      print(`${name}: ${local.remove(key) ? "removed" : `is not set in ${local.fileName}`}`);
      break;
    case "set":
      if (secret) await local.setSecret(key, await checkedValue(request, place.input ?? process.stdin));
      else local.set(key, value ?? "");
      print(`${name}: set in ${local.fileName}${secret ? ", encrypted" : ""}`);
  }
  for (const fault of await local.faults()) print(`Before the next up: ${fault}`);
  return 0;
}

/** Moves negative numbers behind `--`: parseArgs would take them for options. */
function negativesLast(args: string[]): string[] {
  const isNegative = (arg: string) => /^-\d/.test(arg);
  if (args.includes("--") || !args.some(isNegative)) return args;
  return [...args.filter((arg) => !isNegative(arg)), "--", ...args.filter(isNegative)];
}

function requestOf(positionals: readonly string[], flags: Pick<Request, "stack" | "secret" | "showSecrets">): Request {
  const [action, name = "", value] = positionals;
  if (action === undefined) return { ...flags, action: "list", name, key: "", setting: undefined, value };
  if (action !== "set" && action !== "get" && action !== "rm")
    throw new Error(`config: expected set, get, rm or nothing, found "${action}"; see: npm run config -- --help`);
  const [fewest, most, wanted] = {
    set: [2, 3, "NAME VALUE, or --secret NAME"] as const,
    get: [2, 2, "NAME"] as const,
    rm: [2, 2, "NAME"] as const,
  }[action];
  if (positionals.length < fewest || positionals.length > most)
    throw new Error(
      `config ${action}: expected ${wanted}, found ${positionals.slice(1).length} words; see: npm run config -- --help`,
    );
  const key = name.includes(":") ? name : `${projectName}:${name}`;
  const setting = key.startsWith(`${projectName}:`) ? key.slice(projectName.length + 1) : undefined;
  return { ...flags, action, name, key, setting, value };
}

/** Checks everything that does not need the secret itself. @throws when the value can't be set */
function checkSet({ name, setting, value, secret, stack }: Request): void {
  const nameFault = stackNameFault(plainStackName(stack));
  if (nameFault) throw new Error(nameFault);
  if (secret && value !== undefined)
    throw new Error(
      `${name}: expected no secret on the command line, which the shell's history keeps and every user of this machine can read; leave the value out to be asked for it, or write it to standard input. If others may have seen this value, choose a new one`,
    );
  const unknown = setting && unknownSetting(setting);
  if (unknown) throw new Error(`${unknown}; see docs/settings.md`);
  if (setting !== undefined && isSecretSetting(setting)) {
    if (!secret) throw new Error(`${name}: is a secret setting; run: ${configCommand(`set --secret ${name}`, stack)}`);
    return;
  }
  if (setting !== undefined) {
    const checked = checkSetting(setting, value, stack);
    if ("fault" in checked) throw new Error(checked.fault);
    if (secret) throw new Error(`${name}: is not a secret setting; run: ${configCommand(`set ${name} VALUE`, stack)}`);
  }
  if (value === undefined && !secret) throw new Error(`config set: expected a value after ${name}, found none`);
}

async function checkedValue({ name, setting, stack }: Request, input: NonNullable<ConfigPlace["input"]>) {
  const value = await readValue(name, input);
  const checked = setting === undefined ? { value } : checkSetting(setting, value, stack);
  if ("fault" in checked) throw new Error(checked.fault);
  return value;
}

/** The same request as arguments of the Pulumi CLI, which asks for secrets in the same way. */
function pulumiArguments({ action, stack, key, value, secret, showSecrets }: Request): string[] {
  const common = ["--stack", stack];
  switch (action) {
    case "list":
      return ["config", ...common, ...(showSecrets ? ["--show-secrets"] : [])];
    case "set":
      return [
        "config",
        action,
        ...common,
        ...(secret ? ["--secret"] : []),
        "--",
        key,
        ...(value === undefined ? [] : [value]),
      ];
    default:
      return ["config", action, ...common, "--", key];
  }
}
