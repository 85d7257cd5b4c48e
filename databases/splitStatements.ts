/** One statement of a script. */
export interface Statement {
  /** Trimmed, without the delimiter, and without comments unless MySQL executes them. */
  readonly text: string;
  /** Line of the script on which it begins, from 1. */
  readonly line: number;
}

/** End (exclusive) of the quoted text that begins at `start`. Backslashes escape in strings, not in identifiers. */
function endOfQuoted(script: string, start: number): number {
  const quote = script[start];
  let at = start + 1;
  while (at < script.length) {
    if (script[at] === "\\" && quote !== "`") {
      at += 2;
    } else if (script[at] === quote) {
      // A doubled quote is read as two quoted texts side by side, which keeps every byte too.
      return at + 1;
    } else {
      at += 1;
    }
  }
  throw new Error(
    `line ${lineOf(script, start)}: the quote ${quote} that begins here is not closed; correct the script`,
  );
}

function endOfLine(script: string, start: number): number {
  const end = script.indexOf("\n", start);
  return end < 0 ? script.length : end;
}

function endOfComment(script: string, start: number): number {
  const end = script.indexOf("*/", start + 2);
  if (end < 0)
    throw new Error(`line ${lineOf(script, start)}: the comment that begins here is not closed; correct the script`);
  return end + 2;
}

/** End (exclusive) of an executable comment, in which quoted text may contain the end mark. */
function endOfExecutable(script: string, start: number): number {
  for (let at = start + 3; at < script.length; ) {
    if (script.startsWith("*/", at)) return at + 2;
    at = /['"`]/.test(script[at] ?? "") ? endOfQuoted(script, at) : at + 1;
  }
  throw new Error(`line ${lineOf(script, start)}: the comment that begins here is not closed; correct the script`);
}

function lineOf(script: string, at: number): number {
  let line = 1;
  for (let newline = script.indexOf("\n"); newline >= 0 && newline < at; newline = script.indexOf("\n", newline + 1)) {
    line += 1;
  }
  return line;
}

/** `--` opens a comment only before white space or at the end: `5--1` is arithmetic. */
function opensLineComment(script: string, at: number): boolean {
  return script[at] === "#" || (script.startsWith("--", at) && /^--(\s|$)/.test(script.slice(at, at + 3)));
}

/**
 * Splits a MySQL script as the mysql client does: `--`, `#` and block comments are removed, executable comments and
 * hints stay, delimiters inside quotes and comments do not count, `DELIMITER` lines change the delimiter.
 * @throws naming the line of a quote or a comment that is not closed
 */
export function splitStatements(script: string): Statement[] {
  const statements: Statement[] = [];
  let delimiter = ";";
  let text = "";
  let begin = -1;

  const append = (piece: string, at: number) => {
    if (begin < 0 && piece.trim() !== "") begin = at;
    text += piece;
  };
  const finish = () => {
    if (begin >= 0) statements.push({ text: text.trim(), line: lineOf(script, begin) });
    text = "";
    begin = -1;
  };

  let at = script.startsWith("\ufeff") ? 1 : 0;
  while (at < script.length) {
    const command = begin < 0 && atLineStart(script, at) ? delimiterCommand(script, at) : undefined;
    if (command !== undefined) {
      delimiter = command;
      at = endOfLine(script, at);
    } else if (script.startsWith(delimiter, at)) {
      finish();
      at += delimiter.length;
    } else if (opensLineComment(script, at)) {
      at = endOfLine(script, at);
    } else if (script.startsWith("/*!", at) || script.startsWith("/*+", at)) {
      const end = endOfExecutable(script, at);
      append(script.slice(at, end), at);
      at = end;
    } else if (script.startsWith("/*", at)) {
      append(" ", at);
      at = endOfComment(script, at);
    } else {
      const end = /['"`]/.test(script[at] ?? "") ? endOfQuoted(script, at) : at + 1;
      append(script.slice(at, end), at);
      at = end;
    }
  }
  finish();
  return statements;
}

function atLineStart(script: string, at: number): boolean {
  return /(^|\n)[ \t]*$/.test(script.slice(script.lastIndexOf("\n", at - 1) + 1, at));
}

/** The new delimiter if a `DELIMITER` line begins here. */
function delimiterCommand(script: string, at: number): string | undefined {
  if (!/^d/i.test(script[at] ?? "")) return undefined;
  return /^delimiter[ \t]+(\S+)/i.exec(script.slice(at, endOfLine(script, at)))?.[1];
}
