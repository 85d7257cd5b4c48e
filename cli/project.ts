import { join } from "node:path";

/** The directory of Pulumi.yaml. The commands' bundle (cli/start.mjs) also stands one level below that directory. */
export const projectDirectory = join(__dirname, "..");

/** The option by which every command chooses a stack. */
export const stackOption = { stack: { type: "string", short: "s" } } as const;

/** @returns the stack's name: the option, else APIM_STACK, else `dev` */
export function stackName(option: string | undefined): string {
  return option ?? process.env.APIM_STACK ?? "dev";
}
