import { z } from "zod";
import { certificates } from "./certificates";
import { databases } from "./databases";
import { network } from "./network";
import { nodes } from "./nodes";
import { product } from "./product";
import { resources } from "./resources";
import { swarm } from "./swarm";

export { standIn } from "./product";

/** The namespace of every setting: the project's name in Pulumi.yaml. */
export const projectName = "wso2-apim";

/** The settings by subject, in the order of Pulumi.yaml and docs/settings.md. */
export const settingGroups = [product, nodes, network, databases, certificates, resources, swarm] as const;

/**
 * Every setting of a stack, with its default. `npm run generate` writes the settings into Pulumi.yaml, where the Pulumi
 * CLI reads them, and into docs/settings.md.
 */
export const settingsSchema = z.strictObject({
  ...product.settings,
  ...nodes.settings,
  ...network.settings,
  ...databases.settings,
  ...certificates.settings,
  ...resources.settings,
  ...swarm.settings,
});

/** The settings that a user may give, with values of their types; every setting has a default. */
export type SettingsInput = Readonly<z.input<typeof settingsSchema>>;

/** All settings, where `auto` stands for a value that the program chooses. */
export type GivenSettings = Readonly<z.output<typeof settingsSchema>>;

/** The settings of one stack: complete and valid, with each `auto` replaced, without the secrets. */
export type Settings = Omit<GivenSettings, keyof ChosenSettings> & ChosenSettings & { readonly stack: string };

/** The settings that the program chooses when they are `auto`. */
export interface ChosenSettings {
  /** MiB. */
  readonly nodeMemory: number;
  /** MiB; undefined with the stand-in, which has no JVM. */
  readonly nodeHeap: number | undefined;
  /** Seconds. */
  readonly startTimeout: number;
  readonly managementAddress: string;
  /** Undefined: it follows from the stack's name. */
  readonly namePrefix: string | undefined;
  readonly keyValidatorClient: "ThriftClient" | "WSClient";
  /** Constraints of Swarm, separated by commas; empty: any machine. */
  readonly gatewayPlacement: string;
  /** Undefined: the driver of the pack, or the standard version if the pack has none. */
  readonly jdbcDriver: string | undefined;
  /** Undefined: the only key of the keystore. */
  readonly keystoreAlias: string | undefined;
}
