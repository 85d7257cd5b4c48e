import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { projectDirectory } from "../project";

const imageDirectory = join(projectDirectory, "images", "standin");

/** The build context of the stand-in's image, which is not in version control. */
const standinContext = join(imageDirectory, "context");

/** Paths of all files below a directory, relative to it. */
function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true })
    .map((name) => name.toString())
    .filter((name) => statSync(join(directory, name)).isFile());
}

/** Writes a file if it differs, so that an unchanged context keeps its times. The umask does not change the mode. */
function place(target: string, content: Buffer, mode: number): void {
  const same = existsSync(target) && readFileSync(target).equals(content);
  if (!same) {
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
  if ((statSync(target).mode & 0o777) !== mode) chmodSync(target, mode);
}

/** The stand-in's server as one file for the image's Node 18. */
async function bundle(): Promise<Buffer> {
  const result = await build({
    entryPoints: [join(projectDirectory, "standin", "server.ts")],
    absWorkingDir: projectDirectory,
    bundle: true,
    write: false,
    platform: "node",
    target: "node18",
    format: "cjs",
    minify: false,
    sourcemap: false,
    legalComments: "none",
    logLevel: "silent",
    // Fixed here, so that a change of tsconfig.json does not change the image.
    tsconfigRaw: { compilerOptions: { target: "es2022", useDefineForClassFields: true } },
  });
  const output = result.outputFiles[0];
  if (output === undefined) throw new Error("standin/server.ts: expected a bundle, esbuild wrote none");
  return Buffer.from(output.contents);
}

/**
 * Creates the build context of the stand-in's image: Dockerfile and scripts from images/standin, the bundled server, and
 * the stand-in's stock files as the distribution. Equal input yields equal bytes.
 * @param target the directory to fill; other files in it are removed. @default images/standin/context
 * @throws when standin/server.ts does not bundle
 */
export async function stageStandin(target = standinContext): Promise<void> {
  const files = new Map<string, { readonly content: Buffer; readonly mode: number }>();
  const add = (name: string, source: string, mode: number) => files.set(name, { content: readFileSync(source), mode });
  for (const entry of readdirSync(imageDirectory, { withFileTypes: true })) {
    if (!entry.isFile() || entry.name.startsWith(".")) continue;
    add(entry.name, join(imageDirectory, entry.name), entry.name.endsWith(".sh") ? 0o755 : 0o644);
  }
  const distribution = join(projectDirectory, "standin", "distribution");
  for (const name of filesBelow(distribution)) add(join("wso2am", name), join(distribution, name), 0o644);
  files.set("standin.cjs", { content: await bundle(), mode: 0o644 });

  mkdirSync(target, { recursive: true });
  for (const name of filesBelow(target)) {
    if (!files.has(name)) rmSync(join(target, name));
  }
  for (const [name, { content, mode }] of files) place(join(target, name), content, mode);
}
