import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { type GivenCertificates, readCertificates } from "../certificates";
import {
  type Deployment,
  keepsSignUpInRegistry,
  type RenderedFile,
  renderBalancer,
  renderNodes,
  servesHttp,
} from "../configs";
import { checkExternalServer } from "../databases/externalServer";
import { type Distribution, readDistribution } from "../distribution";
import { findImages, type Images } from "../images/contexts";
import { distributionPath, ownStores, type RawSettings, type Settings, type SettingsInput } from "../settings";
import { defaultNamePrefix, partOfContainerName } from "../settings/field";
import { libraryDirectory } from "../settings/library";
import { SettingsError } from "../settings/parse";
import type { SecretSetting } from "../settings/schema/secrets";
import { buildTopology, type Machines, tlsHosts, topologyWarnings } from "../topology";
import { checkNetwork, hostNetworks } from "./hostNetwork";
import { findMachines, overlayNetworks } from "./machines";
import { checkRegistry } from "./registry";
import { parseSettings } from "./settings";
import { checkSharedDirectory } from "./sharedDirectory";
import { checkSwarmLimits } from "./swarmLimits";

/**
 * Everything that is decided before a resource is created, as plain data: a test can write one by hand. It holds no secret
 * but the private key of a keystore of the user's own.
 */
export interface DeploymentPlan extends Deployment {
  /** The product's version, e.g. `1.9.0`. */
  readonly version: string;
  /** Whether gateways serve API calls over HTTP too. */
  readonly servesHttp: boolean;
  /** Whether self sign-up is configured in the shared registry, once its first server is up. */
  readonly signUpInRegistry: boolean;
  /** Text of the product's SQL scripts, by their path below APIM_HOME. */
  readonly dbscripts: Distribution["dbscripts"];
  /** Where the product looks for its keystores, and how they open (carbon.xml `Security`). */
  readonly stores: Pick<Distribution, "keyStore" | "trustStore">;
  /** The user's own key and certificates, if there are any. */
  readonly certificates: Pick<GivenCertificates, "key" | "trusted">;
  /** Name of a node -> its configuration files, with placeholders for secrets. */
  readonly files: ReadonlyMap<string, readonly RenderedFile[]>;
  /** Value of `-Dprofile` -> files of the pack that nodes with that profile get in another place as well. */
  readonly bundles: Distribution["bundles"];
  /** Text of haproxy.cfg. */
  readonly balancerConfiguration: string;
  readonly images: Images;
  /** On a swarm: the machines on which ports are published. */
  readonly machines?: Machines;
  /** One sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Name of a setting -> value, as in docs/settings.md, or as Pulumi's configuration delivers it: numbers and booleans as
 * strings.
 */
export type DeploymentSettings =
  | (Partial<SettingsInput> & { readonly [Secret in SecretSetting]?: string })
  | RawSettings;

/** The settings. In a program of the user's own, the error says what stands for the commands of this project. */
function parseArguments(settings: RawSettings, stack: string, directory: string): Settings {
  try {
    return parseSettings(settings, stack);
  } catch (error) {
    if (!(error instanceof SettingsError) || resolve(directory) === libraryDirectory) throw error;
    const note =
      "\nThese are arguments of planDeployment: set or remove them there, wherever wso2-apim:NAME or `npm run config` is named.";
    throw new SettingsError(error.faults, note);
  }
}

export interface PlanOptions {
  /**
   * Begins the names of all Docker objects, before the stack's name: up to 32 lower-case letters, digits and dashes. Two
   * deployments of one stack need different ones. @default apim
   */
  readonly name?: string;
  /** @default the running program's stack */
  readonly stack?: string;
  /** The directory that relative paths in the settings start from. @default the working directory */
  readonly directory?: string;
}

/**
 * Plans a deployment: checks the settings, reads the distribution and the user's keystores, renders every configuration
 * file, and finds the images. Creates nothing. It compares the subnet with the networks of this machine. It connects to a
 * MySQL server of the user's own, but not in a preview.
 *
 * @param settings name of a setting -> value, as in docs/settings.md; a setting that is not given has its default.
 *   Secrets that must be known before anything is created are among them, in plain: `databaseAdminPassword`,
 *   `keystorePassword`, `keyPassword`, `truststorePassword`
 * @throws {SettingsError} with every fault of the settings
 * @throws when the distribution, an image or the MySQL server cannot be used, with the remedy
 * @example
 * ```ts
 * const plan = await planDeployment({ distribution: "wso2am-1.9.0.zip", gatewayReplicas: 3 });
 * ```
 */
export async function planDeployment(
  settings: DeploymentSettings = {},
  options: PlanOptions = {},
): Promise<DeploymentPlan> {
  const { name = "apim", stack = pulumi.getStack(), directory = process.cwd() } = options;
  if (!partOfContainerName.test(name))
    throw new Error(
      `name: expected up to 32 lower-case letters, digits and dashes (container names begin with it), found "${name}"; choose another name`,
    );
  const parsed = parseArguments(settings, stack, directory);
  const byDefault = defaultNamePrefix(stack, name);
  const withoutMachines = buildTopology(parsed, byDefault);
  const found = await findMachines(withoutMachines, parsed);
  const machines = found?.machines;
  if (machines) {
    await checkRegistry(parsed.imageRegistry);
    checkSharedDirectory(parsed);
  }
  const topology = machines ? buildTopology(parsed, byDefault, machines) : withoutMachines;
  const deployment = { settings: parsed, topology };
  const distribution = await readDistribution(distributionPath(parsed, directory));
  const rendering = renderNodes(topology.nodes, deployment, distribution);
  const stores = ownStores(parsed, settings, directory);
  const { warnings, ...certificates } = await readCertificates(parsed, distribution, tlsHosts(topology.nodes), stores);
  // Swarm creates an overlapping network all the same, but never gives it to a task.
  const overlays = machines ? await overlayNetworks(topology.network.name) : [];
  await checkNetwork(topology, stack, () => [...hostNetworks(), ...overlays]);
  await checkExternalServer(topology, String(settings.databaseAdminPassword ?? ""));
  const { version, dbscripts, bundles, keyStore, trustStore } = distribution;
  const balancerConfiguration = renderBalancer(deployment);
  checkSwarmLimits(topology, rendering.files, bundles, balancerConfiguration);
  return {
    ...deployment,
    ...(machines && { machines }),
    version,
    servesHttp: servesHttp(distribution),
    signUpInRegistry: keepsSignUpInRegistry(distribution),
    dbscripts,
    stores: { keyStore, trustStore },
    certificates,
    files: rendering.files,
    bundles,
    balancerConfiguration,
    images: await findImages(parsed, directory),
    warnings: [
      ...(found?.warnings ?? []),
      ...topologyWarnings(topology),
      ...distribution.warnings,
      ...rendering.warnings,
      ...warnings,
    ],
  };
}
