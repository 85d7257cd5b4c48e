import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { zip } from "./zipWriter";

const standIn = resolve(__dirname, "../../standin/distribution");

/** The files that a whole pack has besides the stand-in's stock files. */
export const programFiles: Readonly<Record<string, string>> = {
  "bin/wso2server.sh": "#!/bin/sh\nexit 1\n",
  "repository/components/plugins/some.jar": "jar",
};

/** Writes a small but whole pack into a directory. */
export function writePack(directory: string, more: Readonly<Record<string, string | Buffer>> = {}): void {
  cpSync(standIn, directory, { recursive: true });
  for (const [name, content] of Object.entries({ ...programFiles, ...more })) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content, { mode: name.endsWith(".sh") ? 0o755 : 0o644 });
  }
}

/** A zip of a directory's files below `wso2am-1.9.0/`, like the zip of the product. */
export function zipOf(
  directory: string,
  more: Readonly<Record<string, Buffer>> = {},
  modes: ReadonlyMap<string, number> = new Map(),
): Buffer {
  const found = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const files = found.map((file) => [`wso2am-1.9.0/${relative(directory, file)}`, readFileSync(file)] as const);
  const executable = files.filter(([name]) => name.endsWith(".sh")).map(([name]) => [name, 0o100755] as const);
  return zip(new Map([...files, ...Object.entries(more)]), new Map([...executable, ...modes]));
}

/** A jar with the two classes that setup looks for in a MySQL driver. */
export function driverOf(content: string): Buffer {
  const names = ["com/mysql/jdbc/Driver.class", "com/mysql/jdbc/authentication/CachingSha2PasswordPlugin.class"];
  return zip(new Map(names.map((name) => [name, Buffer.from(content)])));
}

/** A jar as of Connector/J 5.1.45 and before, which lacks the newer class. */
export function oldDriver(): Buffer {
  return zip(new Map([["com/mysql/jdbc/Driver.class", Buffer.from("class")]]));
}
