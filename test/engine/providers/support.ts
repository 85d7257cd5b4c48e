import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Existing } from "../../../engine/provider";
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
