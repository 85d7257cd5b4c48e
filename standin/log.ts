/** One line per event: time, level, text. Callers never log a password. */
export interface Log {
  readonly info: (text: string) => void;
  readonly warn: (text: string) => void;
  readonly error: (text: string) => void;
}

/** Writes to stdout, as the product's console log does. */
export function consoleLog(node: string): Log {
  const write = (level: string) => (text: string) => {
    process.stdout.write(`${new Date().toISOString()} ${level} [${node}] ${text}\n`);
  };
  return { info: write("INFO "), warn: write("WARN "), error: write("ERROR") };
}
