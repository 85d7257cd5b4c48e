import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";

/**
 * Reads a value that must not appear on a command line: asks for it on a terminal without showing it, else reads all of
 * `input`, without the final line end.
 *
 * @throws when the value is empty, or the user pressed Ctrl-C
 */
export async function readValue(
  name: string,
  input: NodeJS.ReadableStream & { readonly isTTY?: boolean },
): Promise<string> {
  const given = input.isTTY ? await ask(`Value of ${name} (not shown): `, input) : await text(input);
  const value = given.replace(/\r?\n$/, "");
  if (value === "") throw new Error(`${name}: expected a value on standard input, found none; nothing was changed`);
  return value;
}

async function ask(question: string, input: NodeJS.ReadableStream): Promise<string> {
  // Readline echoes the typed characters to this stream, which drops them.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input, output: nowhere, terminal: true });
  process.stderr.write(question);
  try {
    return await new Promise<string>((resolve, reject) => {
      terminal.once("line", resolve);
      terminal.once("SIGINT", () => reject(new Error("Stopped; nothing was changed.")));
      terminal.once("close", () => resolve(""));
    });
  } finally {
    process.stderr.write("\n");
    terminal.close();
  }
}
