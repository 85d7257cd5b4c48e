import type { Crypter } from "../../engine/backend/crypto";
import { openKeys } from "../../engine/backend/passphrase";
import { decryptConfig, isSecure, type Project, readOwnProject, readProject } from "../../engine/backend/project";
import { StateFile } from "../../engine/backend/stateFile";
import { configCommand, isSecretSetting, unknownSetting } from "../../settings/field";
import { projectName } from "../../settings/schema";
import type { Engine } from "../engine/chooseEngine";
import { toStderr } from "../setup/host";
import { table } from "../text";
import { StackFile } from "./stackFile";

const masked = "[secret]";

/** A stack's configuration, read and written as the Pulumi CLI does with its passphrase provider. */
export class LocalConfig {
  private readonly project: Project;
  private readonly file: StackFile;

  /**
   * @param engine the Pulumi CLI also has secrets providers other than a passphrase
   * @throws when a file can't be read, the stack's name is invalid, or the engine does not have the secrets provider
   */
  constructor(
    projectDir: string,
    private readonly stack: string,
    private readonly env: NodeJS.ProcessEnv,
    engine: Engine,
  ) {
    this.project = (engine === "local" ? readOwnProject : readProject)(projectDir, stack);
    this.file = new StackFile(this.project.stackFile, this.project.name);
  }

  get fileName(): string {
    return this.file.name;
  }

  /** A table of the settings that the stack sets. */
  async list(showSecrets: boolean): Promise<string> {
    const entries = this.file.entries();
    if (entries.length === 0) return `${this.fileName} sets nothing: every setting has its default.`;
    const shown = await this.shown(showSecrets);
    const rows = entries.map(([key]) => [key.replace(`${projectName}:`, ""), shown[key] ?? ""]);
    return table([["NAME", "VALUE"], ...rows]);
  }

  /** @returns the value, or the default in Pulumi.yaml. @throws when there is neither */
  async get(key: string, showSecrets: boolean): Promise<string> {
    const name = key.replace(`${projectName}:`, "");
    const value = (await this.shown(showSecrets, key))[key];
    if (value !== undefined) return value;
    const how = isSecretSetting(name) ? `set --secret ${name}` : `set ${name} VALUE`;
    const unset = `${name}: is not set in ${this.fileName}; run: ${configCommand(how, this.stack)}`;
    throw new Error(unknownSetting(name) ?? unset);
  }

  set(key: string, value: string): void {
    this.file.set(key, value);
    this.file.save();
  }

  async setSecret(key: string, value: string): Promise<void> {
    const crypter = await this.openKey();
    this.file.salt = crypter.salt;
    this.file.set(key, { secure: crypter.encrypt(value) });
    this.file.save();
  }

  /** @returns whether the stack had set the key */
  remove(key: string): boolean {
    const removed = this.file.remove(key);
    if (removed) this.file.save();
    return removed;
  }

  /** What is wrong with the stack's settings. Not an error: settings that belong together are set one after another. */
  async faults(): Promise<readonly string[]> {
    const { checkSettings } = await import("../../plan/settings");
    const prefix = `${projectName}:`;
    const own = this.file
      .entries()
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), value] as const);
    const inPlain = own
      .filter(([name, value]) => isSecretSetting(name) && !isSecure(value))
      .map(
        ([name]) =>
          `${name}: expected an encrypted value, found plain text in ${this.fileName}; choose a new value, and run: ${configCommand(`set --secret ${name}`, this.stack)}`,
      );
    return [...inPlain, ...checkSettings(Object.fromEntries(own), this.stack).faults];
  }

  /** Values with the defaults of Pulumi.yaml. Deriving the key is slow, so only a secret to be shown needs it. */
  private async shown(showSecrets: boolean, key?: string): Promise<Readonly<Record<string, string>>> {
    const { rawConfig } = this.project;
    const asked = key === undefined ? Object.values(rawConfig) : [rawConfig[key]];
    const crypter = showSecrets && asked.some(isSecure) ? await this.openKey() : undefined;
    const { values } = decryptConfig(this.project, crypter ?? { decrypt: () => masked });
    if (showSecrets) return values;
    // Masks a secret even if the file has it in plain text.
    const isSecret = (name: string) => isSecretSetting(name.replace(`${projectName}:`, ""));
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, isSecret(name) ? masked : value]));
  }

  /** The stack's key: from the stack's file, else from the stack's state, else a new one. */
  private async openKey(): Promise<Crypter> {
    const file = StateFile.of(this.project, this.env);
    const keys = await openKeys({
      file,
      project: this.project,
      env: this.env,
      stateSalt: file.read()?.salt,
      writes: true,
      say: toStderr,
    });
    if (keys.write === undefined) throw new Error(`${this.fileName}: found no key to encrypt with`);
    return keys.write;
  }
}
