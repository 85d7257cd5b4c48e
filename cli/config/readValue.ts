import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";

/**
 * A value that must not stand on a command line: asked for without showing it on a terminal, else all of `input`, a
 * line end aside.
 *
 * @throws when there is none, or Ctrl-C was pressed
 */
export async function readValue(
  name: string,
  input: NodeJS.ReadableStream & { readonly isTTY?: boolean },
): Promise<string> {
  const given = input.isTTY ? await ask(`Value of ${name} (it is not shown): `, input) : await text(input);
  const value = given.replace(/\r?\n$/, "");
  if (value === "") throw new Error(`${name}: expected a value on standard input, found none; nothing was changed`);
  return value;
}

async function ask(question: string, input: NodeJS.ReadableStream): Promise<string> {
  // What is typed is echoed to this, so to nobody.
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
