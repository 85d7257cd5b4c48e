/** The checkpoint file, where and as the official file backend keeps it. */

import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import type { Checkpoint, StackName } from "./checkpoint";
import { asRecord, type Project } from "./project";

const VERSION = 3;
const OPERATIONS: ReadonlySet<unknown> = new Set(["creating", "updating", "deleting", "reading", "importing"]);
/** Version of the SDK whose engine this one follows; the manifest carries it. */
const ENGINE_VERSION = "3.248.0";

/** `file://` URL in PULUMI_BACKEND_URL, else the project directory; `~` is the home directory. */
export function backendDir(projectDir: string, env: NodeJS.ProcessEnv): string {
  const url = env.PULUMI_BACKEND_URL;
  if (url === undefined || url === "") return projectDir;
  if (!url.startsWith("file://"))
    throw new Error(
      `PULUMI_BACKEND_URL: expected file://..., found ${url.split("?")[0]}; use the Pulumi CLI for other backends`,
    );
  const place = url.slice("file://".length).split("?")[0] ?? "";
  if (place === "~" || place.startsWith("~/")) return path.join(env.HOME ?? "/", place.slice(1));
  return place.startsWith("/") ? fileURLToPath(`file://${place}`) : path.resolve(projectDir, place);
}

export class StateFile {
  /** The backend's `.pulumi` directory. */
  readonly bookkeeping: string;
  readonly file: string;
  private backedUp = false;

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
   * Undefined when the stack was never brought up.
   *
   * @throws when the file is there but not a checkpoint that we understand; it is never taken for an empty one.
   */
  read(): Checkpoint | undefined {
    if (existsSync(`${this.file}.gz`))
      throw new Error(`${this.file}.gz: compressed state; use the Pulumi CLI, or export and import it uncompressed`);
    if (!existsSync(this.file)) return undefined;
    const text = readFileSync(this.file, "utf8");
    let parsed: Record<string, unknown>;
    try {
      parsed = asRecord(JSON.parse(text));
    } catch (error) {
      throw this.unreadable(`not JSON (${text.length} characters; ${error instanceof Error ? error.message : error})`);
    }
    const { version = "none", checkpoint } = parsed;
    if (version !== VERSION)
      throw this.unreadable(`expected a checkpoint of version ${VERSION}, found version ${version}`);
    const {
      resources = [],
      pending_operations: pending = [],
      secrets_providers,
    } = asRecord(asRecord(checkpoint).latest);
    if (!Array.isArray(resources) || !Array.isArray(pending))
      throw this.unreadable("expected checkpoint.latest.resources and .pending_operations to be lists");
    const broken = resources.findIndex((each) => typeof each?.urn !== "string" || typeof each?.type !== "string");
    if (broken >= 0) throw this.unreadable(`resource ${broken} has no urn or no type`);
    const unknown = pending.findIndex(
      (each) =>
        typeof each?.resource?.urn !== "string" || typeof each.resource.type !== "string" || !OPERATIONS.has(each.type),
    );
    if (unknown >= 0)
      throw this.unreadable(
        `pending operation ${unknown} has no resource, or is none of ${[...OPERATIONS].join(", ")}`,
      );
    const { type, state } = asRecord(secrets_providers);
    if (type !== undefined && type !== "passphrase")
      throw new Error(`${this.file}: secrets provider "${type}": only "passphrase" is known; use the Pulumi CLI`);
    const { salt } = asRecord(state);
    return { resources, pending, ...(typeof salt === "string" && { salt }) };
  }

  /** Replaces the checkpoint in one step: whoever reads sees the old one or the new one, also after a power cut. */
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
    const temporary = `${this.file}.${process.pid}.tmp`;
    try {
      this.prepare();
      await sync(temporary, text);
      await rename(temporary, this.file);
      await sync(path.dirname(this.file));
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw new Error(
        `${this.file}: can't be written (${error instanceof Error ? error.message : error}); the last good state is kept there`,
      );
    }
  }

  /** Before a run's first write: the backend's own files, and the state before this run as `.bak`. */
  private prepare(): void {
    if (this.backedUp) return;
    mkdirSync(path.dirname(this.file), { recursive: true });
    this.sweep();
    const meta = path.join(this.bookkeeping, "meta.yaml");
    if (!existsSync(meta)) writeFileSync(meta, "version: 1\n");
    if (existsSync(this.file)) this.backUp();
    this.backedUp = true;
  }

  /** What killed runs were writing; only the run that holds the lock comes here. */
  private sweep(): void {
    const [directory, own] = [path.dirname(this.file), path.basename(this.file)];
    for (const name of readdirSync(directory))
      if (name.startsWith(own) && /^(\.bak)?\.\d+\.tmp$/.test(name.slice(own.length)))
        rmSync(path.join(directory, name), { force: true });
  }

  /** The last backup stays until the new one is complete. */
  private backUp(): void {
    const temporary = `${this.file}.bak.${process.pid}.tmp`;
    try {
      copyFileSync(this.file, temporary);
      renameSync(temporary, `${this.file}.bak`);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw new Error(`no backup: ${error instanceof Error ? error.message : error}`);
    }
  }

  private unreadable(what: string): Error {
    const backup = existsSync(`${this.file}.bak`) ? `; the state before the last run is ${this.file}.bak` : "";
    return new Error(`${this.file}: unreadable state: ${what}${backup}`);
  }
}

/** Returns when it is on the disk, after writing `text` to it if there is any. */
async function sync(file: string, text?: string): Promise<void> {
  const handle = await open(file, text === undefined ? "r" : "w", 0o600);
  try {
    if (text !== undefined) await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
