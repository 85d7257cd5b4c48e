import { existsSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { Document, isMap, parseDocument } from "yaml";

/** A value as the file has it; a secret's is encrypted. */
type StoredValue = string | { readonly secure: string };

/**
 * The configuration in Pulumi.<stack>.yaml, changed without touching comments, order and other values.
 *
 * Keys have a namespace (`wso2-apim:jwt`); in the file the project's own may stand without.
 */
export class StackFile {
  private readonly document: Document;

  /** @throws when the file is not YAML, or not a stack's */
  constructor(
    private readonly file: string,
    private readonly project: string,
  ) {
    this.document = existsSync(file) ? parseDocument(readFileSync(file, "utf8")) : new Document({});
    const [error] = this.document.errors;
    if (error) throw new Error(`${file}: ${error.message}`);
    // A file of comments only.
    this.document.contents ??= this.document.createNode({});
    const config = this.document.get("config");
    if (!isMap(this.document.contents) || (config && !isMap(config)))
      throw new Error(`${file}: expected a map, and in it the map "config"`);
  }

  get name(): string {
    return basename(this.file);
  }

  set salt(salt: string) {
    this.document.set("encryptionsalt", salt);
  }

  /** Whether secrets are encrypted by something else than a passphrase. */
  get hasOtherKeys(): boolean {
    return !["passphrase", "default"].includes(String(this.document.get("secretsprovider") ?? "passphrase"));
  }

  /** What the file itself sets, in its order. */
  entries(): [key: string, value: unknown][] {
    return Object.entries(this.config()).map(([key, value]) => [this.full(key), value]);
  }

  set(key: string, value: StoredValue): void {
    if (!this.document.get("config")) this.document.set("config", this.document.createNode({}));
    this.document.setIn(["config", this.written(key) ?? key], value);
  }

  /** @returns whether it was there */
  remove(key: string): boolean {
    const written = this.written(key);
    return written !== undefined && this.document.deleteIn(["config", written]);
  }

  /** At once or not at all: with the salt, all secrets would be lost. */
  save(): void {
    // A link stays one.
    const file = existsSync(this.file) ? realpathSync(this.file) : this.file;
    const mode = statSync(file, { throwIfNoEntry: false })?.mode;
    const aside = `${file}.${process.pid}`;
    try {
      writeFileSync(aside, this.document.toString({ lineWidth: 0 }), { mode });
      renameSync(aside, file);
    } finally {
      rmSync(aside, { force: true });
    }
  }

  private config(): Readonly<Record<string, unknown>> {
    return (this.document.toJS() as { config?: Record<string, unknown> }).config ?? {};
  }

  private full(key: string): string {
    return key.includes(":") ? key : `${this.project}:${key}`;
  }

  /** The key as it stands in the file. */
  private written(key: string): string | undefined {
    return Object.keys(this.config()).find((candidate) => this.full(candidate) === key);
  }
}
