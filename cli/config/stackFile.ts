import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { Document, isMap, parseDocument } from "yaml";

/** A value as the file stores it; a secret is encrypted. */
type StoredValue = string | { readonly secure: string };

/**
 * The configuration in Pulumi.<stack>.yaml. Changes keep comments, order and all other values.
 *
 * Keys have a namespace (`wso2-apim:jwt`). In the file, the project's own keys may stand without the namespace.
 */
export class StackFile {
  private readonly document: Document;

  /** @throws when the file is not YAML, or not a stack's configuration */
  constructor(
    private readonly file: string,
    private readonly project: string,
  ) {
    this.document = existsSync(file) ? parseDocument(readFileSync(file, "utf8")) : new Document({});
    const [error] = this.document.errors;
    if (error) throw new Error(`${file}: ${error.message}`);
    // A file with nothing but comments has no contents.
    this.document.contents ??= this.document.createNode({});
    const config = this.document.get("config");
    if (!isMap(this.document.contents) || (config && !isMap(config)))
      throw new Error(`${file}: expected a map with a map "config" in it`);
  }

  get name(): string {
    return basename(this.file);
  }

  set salt(salt: string) {
    this.document.set("encryptionsalt", salt);
  }

  /** Keys and values that the file sets, in the file's order. */
  entries(): [key: string, value: unknown][] {
    return Object.entries(this.config()).map(([key, value]) => [this.full(key), value]);
  }

  set(key: string, value: StoredValue): void {
    if (!this.document.get("config")) this.document.set("config", this.document.createNode({}));
    this.document.setIn(["config", this.written(key) ?? key], value);
  }

  /** @returns whether the file had the key */
  remove(key: string): boolean {
    const written = this.written(key);
    return written !== undefined && this.document.deleteIn(["config", written]);
  }

  /** Writes the file atomically: a half-written file could lose the salt, and with it all secrets. */
  save(): void {
    writeFileAtomic.sync(this.file, this.document.toString({ lineWidth: 0 }));
  }

  private config(): Readonly<Record<string, unknown>> {
    return (this.document.toJS() as { config?: Record<string, unknown> }).config ?? {};
  }

  private full(key: string): string {
    return key.includes(":") ? key : `${this.project}:${key}`;
  }

  /** The key as the file writes it. */
  private written(key: string): string | undefined {
    return Object.keys(this.config()).find((candidate) => this.full(candidate) === key);
  }
}
