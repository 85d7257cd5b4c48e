import { createInterface } from "node:readline";

/** A terminal's two sides. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/**
 * Asks a question on the terminal; only `y` or `yes` is a yes. The question goes to stderr, so that it is not part of a
 * report on stdout.
 * @returns `stopped` after Ctrl-C
 */
export function confirm(
  question: string,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<"yes" | "no" | "stopped"> {
  const asking = createInterface({ input, output, terminal: true });
  return new Promise((resolve) => {
    asking.once("SIGINT", () => {
      resolve("stopped");
      asking.close();
    });
    asking.once("close", () => resolve("no"));
    asking.question(`${question} [y/N] `, (answer) => {
      resolve(/^\s*y(es)?\s*$/i.test(answer) ? "yes" : "no");
      asking.close();
    });
  });
}
