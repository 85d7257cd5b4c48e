/** The option that every command about a stack has. */
export const stackOption = { stack: { type: "string", short: "s" } } as const;

/** The stack that is meant: the option, else APIM_STACK, else `dev`. */
export function stackName(option: string | undefined): string {
  return option ?? process.env.APIM_STACK ?? "dev";
}
