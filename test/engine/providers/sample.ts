import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Existing, Properties } from "../../../engine/provider";

const file = path.resolve(__dirname, "../../../../shared/data/pulumi-samples/03-state-after-up.json");

/** Resources that the official engine recorded, by type; undefined, with the reason printed, when the sample is absent. */
export function officialState(): Map<string, Existing> | undefined {
  if (!existsSync(file)) {
    console.log(`      skipped: no sample at ${file}`);
    return undefined;
  }
  const { resources } = JSON.parse(readFileSync(file, "utf8")).deployment;
  return new Map(resources.map((one: Existing) => [one.type, one]));
}

export const resource = (type: string, name = "one") => ({ urn: `urn:pulumi:dev::p::${type}::${name}`, type });

/** Secrets are ciphertext in the sample: other values of the same shape take their place. */
export function withoutSecrets(properties: Properties, replacements: Properties): Properties {
  return { ...properties, ...replacements };
}
