import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { CheckFailure, Context, Existing, Properties, Provider } from "../../../engine/provider";
import { providersFor } from "../../../engine/providers";

const samples = path.resolve(__dirname, "../../../../shared/data/pulumi-samples");

/** Resources that the official engine recorded, by URN; undefined if the sample is missing, which is printed. */
export function officialState(name = "03-state-after-up.json"): Map<string, Existing> | undefined {
  const file = path.join(samples, name);
  if (!existsSync(file)) {
    console.log(`      skipped: no sample at ${file}`);
    return undefined;
  }
  const { resources } = JSON.parse(readFileSync(file, "utf8")).deployment;
  return new Map(resources.map((one: Existing) => [one.urn, one]));
}

export const providerFor = providersFor({ dir: __dirname, log: () => {} });

export const resource = (type: string, name = "one") => ({ urn: `urn:pulumi:dev::p::${type}::${name}`, type });

/** A context that records the lines of progress. */
export function logged(signal = new AbortController().signal): { readonly context: Context; readonly lines: string[] } {
  const lines: string[] = [];
  return { context: { log: (line) => void lines.push(line), signal }, lines };
}

/** Calls a provider for one resource as the engine does. */
export class Driver {
  constructor(
    readonly provider: Provider,
    readonly type: string,
    readonly name: string,
  ) {}

  private get resource() {
    return resource(this.type, this.name);
  }

  async checked(inputs: Properties): Promise<Properties> {
    const { inputs: checked, failures } = await this.provider.check(this.resource, undefined, inputs);
    if (failures.length > 0) {
      throw new Error(failures.map(({ reason }: CheckFailure) => reason).join("\n"));
    }
    return checked;
  }

  async create(inputs: Properties, context = logged().context): Promise<Existing> {
    const checked = await this.checked(inputs);
    await this.provider.refuseForeign?.(this.resource, checked, context);
    const { id, outputs } = await this.provider.create(this.resource, checked, context);
    return { ...this.resource, id, inputs: checked, outputs };
  }

  async read(existing: Existing): Promise<Existing | undefined> {
    const found = await this.provider.read(existing, logged().context);
    return found && { ...existing, ...found };
  }

  async import(id: string): Promise<Existing | undefined> {
    return this.read({ ...this.resource, id, inputs: {}, outputs: {} });
  }

  async diff(existing: Existing, inputs: Properties) {
    return this.provider.diff(existing, await this.checked(inputs));
  }

  async update(existing: Existing, inputs: Properties): Promise<Existing> {
    const checked = await this.checked(inputs);
    const { outputs } = await this.provider.update(existing, checked, logged().context);
    return { ...existing, inputs: checked, outputs };
  }

  async recover(inputs: Properties) {
    return this.provider.recover?.(this.resource, await this.checked(inputs), logged().context);
  }

  async delete(existing: Existing, context = logged().context): Promise<void> {
    await this.provider.delete(existing, context);
  }
}
