import { roleRecords, roles } from "../product/roles";
import { type ChosenSettings, type GivenSettings, type Settings, settingsSchema, standIn } from "./schema";
import { auto } from "./schema/describe";

/** MiB that the product's JVM needs beside its heap: classes, compiled code, some hundred threads, buffers. */
export const besideHeap = 512;

/** MiB: the stock heap of 1024 and what the JVM needs beside it. */
export const leastProductMemory = 1024 + besideHeap;

/** Replaces each `auto`. */
export function withSuitableValues(given: GivenSettings & { readonly stack: string }): Settings {
  return { ...given, ...chosenSettings(given) };
}

function chosenSettings(given: GivenSettings): ChosenSettings {
  const { distribution, publishAddress } = given;
  const isProduct = distribution !== standIn;
  const nodeMemory = given.nodeMemory === auto ? (isProduct ? 2048 : 192) : given.nodeMemory;
  // The JVM's memory beside the heap grows with the heap: tables of the collector, threads, buffers.
  const suitableHeap = isProduct ? Math.floor((nodeMemory * 2) / 3) : undefined;
  // A product node alone takes a minute; all nodes on a small machine with cold disks take several.
  const suitableTimeout = isProduct ? 600 : 180;
  // Opening the load balancer to the network does not open consoles and databases.
  const loopback = publishAddress.startsWith("127.") ? publishAddress : "127.0.0.1";
  return {
    nodeMemory,
    nodeHeap: given.nodeHeap === auto ? suitableHeap : given.nodeHeap,
    startTimeout: given.startTimeout === auto ? suitableTimeout : given.startTimeout,
    managementAddress: given.managementAddress === auto ? loopback : given.managementAddress,
    namePrefix: given.namePrefix === auto ? undefined : given.namePrefix,
    keyValidatorClient: given.keyValidatorClient === auto ? suitableClient(given) : given.keyValidatorClient,
    gatewayPlacement: given.gatewayPlacement === auto ? suitablePlacement(given) : given.gatewayPlacement,
    jdbcDriver: given.jdbcDriver === auto ? undefined : given.jdbcDriver,
    keystoreAlias: given.keystoreAlias === auto ? undefined : given.keystoreAlias,
  };
}

/** Whether gateways of a swarm have the deployed APIs on any machine. If not, the APIs are in a volume of one machine. */
export function sharesApis(settings: Pick<GivenSettings, "sharedDirectory" | "deploymentSynchronizer">): boolean {
  return settings.sharedDirectory !== "" || settings.deploymentSynchronizer !== "off";
}

/** Gateways that have a volume of Docker's stay where it is. */
function suitablePlacement(given: GivenSettings): string {
  return sharesApis(given) ? "" : "node.labels.apim.gateway == true";
}

/**
 * With several Key Managers, keys are validated by web service.
 *
 * @see the WSO2 guide: "If your setup has multiple Key Manager nodes [...] change the key management protocol from Thrift
 * to WSClient"
 */
function suitableClient(given: GivenSettings): ChosenSettings["keyValidatorClient"] {
  const several = roles.some((role) => roleRecords[role].servesThrift && given[`${role}Replicas`] > 1);
  return several ? "WSClient" : "ThriftClient";
}

/** The settings that do not follow from the defaults and from the other settings. */
export function differingSettings(settings: Settings): Readonly<Record<string, unknown>> {
  const defaults = settingsSchema.parse({});
  const differs = (name: keyof GivenSettings) => {
    const withDefault = { ...settings, [name]: defaults[name] } as GivenSettings & { readonly stack: string };
    return withSuitableValues(withDefault)[name] !== settings[name];
  };
  const names = Object.keys(defaults) as (keyof GivenSettings)[];
  return Object.fromEntries(names.filter(differs).map((name) => [name, settings[name]]));
}

/** Adds the settings that {@link differingSettings} left out. @throws when the settings are those of another version of this program */
export function completeSettings(differing: Readonly<Record<string, unknown>>, stack: string): Settings {
  return withSuitableValues({ ...settingsSchema.parse(differing), stack });
}
