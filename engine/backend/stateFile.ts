/** The checkpoint file, at the path and in the format of the official file backend. */

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import { writeAtomically } from "./atomicFile";
import { type Checkpoint, checkpointIn, type StackName } from "./checkpoint";
import { errorMessage } from "./errors";
import { asRecord, type Project } from "./project";

const VERSION = 3;
const KEPT = "the last good state is kept; check the disk space and the permissions";
/** The version of the SDK that this engine follows, recorded in the manifest. */
const ENGINE_VERSION = "3.248.0";

/** The directory of the `file://` URL in PULUMI_BACKEND_URL (`~` is the home directory), else the project directory. */
export function backendDir(projectDir: string, env: NodeJS.ProcessEnv): string {
  const url = env.PULUMI_BACKEND_URL;
  if (url === undefined || url === "") return projectDir;
  if (!url.startsWith("file://"))
    throw new Error(
      `PULUMI_BACKEND_URL: expected file://..., found ${url.split("?")[0]}; use the Pulumi CLI for other backends`,
    );
  const location = url.slice("file://".length).split("?")[0] ?? "";
  if (location === "~" || location.startsWith("~/")) return path.join(env.HOME ?? "/", location.slice(1));
  return location.startsWith("/") ? fileURLToPath(`file://${location}`) : path.resolve(projectDir, location);
}

export class StateFile {
  /** The backend's `.pulumi` directory. */
  readonly bookkeeping: string;
  readonly file: string;
  private prepared = false;

  constructor(
    backend: string,
    readonly stack: StackName,
  ) {
    this.bookkeeping = path.join(backend, ".pulumi");
    this.file = path.join(this.bookkeeping, "stacks", stack.project, `${stack.stack}.json`);
  }

  static of({ dir, name, stack }: Project, env: NodeJS.ProcessEnv): StateFile {
    return new StateFile(backendDir(dir, env), { project: name, stack });
  }

  /**
   * Undefined if the stack was never brought up.
   *
   * @throws when the file exists but is not a valid checkpoint of a supported version
   */
  read(): Checkpoint | undefined {
    if (existsSync(`${this.file}.gz`))
      throw new Error(
        `${this.file}.gz: compressed state is not supported; use the Pulumi CLI, or export and import the state uncompressed`,
      );
    if (!existsSync(this.file)) return undefined;
    const text = readFileSync(this.file, "utf8");
    let parsed: Record<string, unknown>;
    try {
      parsed = asRecord(JSON.parse(text));
    } catch (error) {
      throw this.unreadable(`not JSON (${text.length} characters; ${errorMessage(error)})`);
    }
    const { version = "none", checkpoint } = parsed;
    if (version !== VERSION)
      throw this.unreadable(`expected a checkpoint of version ${VERSION}, found version ${version}`);
    let stored: Checkpoint;
    try {
      stored = checkpointIn(asRecord(checkpoint).latest);
    } catch (error) {
      throw this.unreadable(errorMessage(error));
    }
    const { secretsProvider = "passphrase" } = stored;
    if (secretsProvider !== "passphrase")
      throw new Error(
        `${this.file}: secrets provider: expected "passphrase", found "${secretsProvider}"; use the Pulumi CLI`,
      );
    return stored;
  }

  /** Replaces the checkpoint atomically. */
  async write(resources: readonly string[], pending: readonly string[], salt: string | undefined): Promise<void> {
    const magic = createHash("sha256").update(ENGINE_VERSION).digest("hex");
    const members = {
      manifest: JSON.stringify({ time: new Date().toISOString(), magic, version: ENGINE_VERSION }),
      secrets_providers: salt && JSON.stringify({ type: "passphrase", state: { salt } }),
      resources: resources.length > 0 && `[${resources.join(",")}]`,
      pending_operations: pending.length > 0 && `[${pending.join(",")}]`,
      metadata: "{}",
    };
    const latest = Object.entries(members).flatMap(([key, text]) => (text ? [`"${key}":${text}`] : []));
    const stack = `organization/${this.stack.project}/${this.stack.stack}`;
    const text = `{"version":${VERSION},"checkpoint":{"stack":"${stack}","latest":{${latest.join(",")}}}}`;
    await this.prepare();
    await writeAtomically(this.file, text, { remedy: KEPT });
  }

  /** Before the first write of a run: creates the backend's own files, and keeps the previous state as `.bak`. */
  private async prepare(): Promise<void> {
    if (this.prepared) return;
    this.removeLeftovers();
    const meta = path.join(this.bookkeeping, "meta.yaml");
    if (!existsSync(meta)) await writeAtomically(meta, "version: 1\n");
    if (existsSync(this.file)) await writeAtomically(`${this.file}.bak`, readFileSync(this.file), { remedy: KEPT });
    this.prepared = true;
  }

  /** Removes temporary files of killed runs. The stack's lock ensures that no other run is writing. */
  private removeLeftovers(): void {
    const [directory, own] = [path.dirname(this.file), path.basename(this.file)];
    for (const name of existsSync(directory) ? readdirSync(directory) : [])
      if (name.startsWith(own) && /^(\.bak)?\.\d+\.tmp$/.test(name.slice(own.length)))
        rmSync(path.join(directory, name), { force: true });
  }

  private unreadable(what: string): Error {
    const backup = existsSync(`${this.file}.bak`) ? `; the state before the last run is in ${this.file}.bak` : "";
    return new Error(`${this.file}: unreadable state: ${what}${backup}`);
  }
}
