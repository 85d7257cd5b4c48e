import { parseArgs } from "node:util";
import { outputsOf, readResources } from "./deployedStack";
import { stackName, stackOption } from "./project";

export const help = `Usage: npm run output -- [NAME] [--stack NAME] [--show-secrets] [--json]

Shows the outputs of the stack's last up: addresses, the administrator's password, the certificate that clients must
trust. With a name, prints only that value, e.g. npm run --silent output -- caCertificate > ca.pem

  -s, --stack NAME    default: dev, or APIM_STACK
      --show-secrets  print secrets in plain text
      --json          print JSON`;

const options = { ...stackOption, "show-secrets": { type: "boolean" }, json: { type: "boolean" } } as const;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const [name, ...more] = positionals;
  if (more.length > 0) throw new Error(`output: expected at most one name, found ${positionals.join(", ")}`);
  const stack = stackName(values.stack);
  const outputs = outputsOf(await readResources(stack, values["show-secrets"] ?? false), stack);
  if (name !== undefined && !Object.hasOwn(outputs, name))
    throw new Error(`output: expected one of ${Object.keys(outputs).sort().join(", ")}, found "${name}"`);
  const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));
  if (values.json) console.log(JSON.stringify(name === undefined ? outputs : outputs[name], null, 2));
  else if (name !== undefined) console.log(text(outputs[name]).trimEnd());
  else for (const key of Object.keys(outputs).sort()) console.log(`${key}: ${text(outputs[key]).trimEnd()}`);
  return 0;
}
