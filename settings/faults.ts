import { Address4 } from "ip-address";
import { databaseNames } from "../product/databases";
import { roles } from "../product/roles";
import { besideHeap, differingSettings, leastProductMemory, sharesApis } from "./derived";
import { configCommand } from "./field";
import { type Settings, settingsSchema, standIn } from "./schema";
import { maxReplicasOnDocker } from "./schema/nodes";
import { type SecretInfo, secrets } from "./schema/secrets";
import { swarm } from "./schema/swarm";

/**
 * Faults of several settings together; each names the setting, what was expected, what was found and the remedy.
 *
 * @param given names of all settings that the stack sets, secrets included
 */
export function settingsFaults(settings: Settings, given: ReadonlySet<string>): string[] {
  return [
    ...distributionFaults(settings),
    ...memoryFaults(settings),
    ...subnetFaults(settings),
    ...sameValueFaults(settings),
    ...secretFaults(settings, given),
    ...synchronizerFaults(settings),
    ...keystoreFaults(settings),
    ...databaseHostFaults(settings),
    ...platformFaults(settings),
  ];
}

/** Settings of the image that have no effect with the chosen distribution or image. */
function distributionFaults({ distribution, image, jdbcDriver, apimHome }: Settings): string[] {
  if (distribution === standIn && image !== "")
    return [
      `image: expected nothing with the stand-in, which has an image of its own, found "${image}"; set wso2-apim:distribution too, or remove image`,
    ];
  const faults: string[] = [];
  const readyImage = image !== "" ? `the image ${image}` : distribution === standIn ? "the stand-in" : undefined;
  if (readyImage !== undefined && jdbcDriver !== undefined)
    faults.push(
      `jdbcDriver: expected auto with ${readyImage}, since only an image that is built from your distribution gets a driver, found "${jdbcDriver}"; remove jdbcDriver`,
    );
  const standardHome = defaults().apimHome;
  if (image === "" && apimHome !== standardHome)
    faults.push(
      `apimHome: expected ${standardHome} without an image of your own, found "${apimHome}"; remove apimHome, or set wso2-apim:image`,
    );
  return faults;
}

/** Settings of the other platform, and what a swarm needs. */
function platformFaults(settings: Settings): string[] {
  const differing = differingSettings(settings);
  if (settings.platform === "docker") {
    const unused = swarmSettings.filter((name) => name in differing).slice(0, 1);
    const tooMany = counts.filter((name) => settings[name] > maxReplicasOnDocker);
    return [
      ...unused.map(
        (name) =>
          `${name}: expected nothing without a swarm, found "${settings[name]}"; set wso2-apim:platform to swarm, or remove ${name}`,
      ),
      ...tooMany.map(
        (name) =>
          `${name}: expected at most ${maxReplicasOnDocker} on one Docker engine, found ${settings[name]}; set wso2-apim:${name}, or wso2-apim:platform to swarm`,
      ),
    ];
  }
  const unused = (["publishAddress", "managementAddress", "managementPort"] as const).filter(
    (name) => name in differing,
  );
  const faults = unused.map(
    (name) =>
      `${name}: expected nothing on a swarm, which publishes ports on all addresses of its machines and no management ports, found "${settings[name]}"; remove ${name}`,
  );
  if (settings.imageRegistry === "")
    faults.push(
      "imageRegistry: expected the registry from which the machines of the swarm pull the images, found nothing; set wso2-apim:imageRegistry, e.g. to registry.example.com:5000",
    );
  const gateways = settings.gatewayReplicas + settings.gatewayWorkers;
  if (gateways > 1 && !sharesApis(settings))
    faults.push(
      `sharedDirectory: expected a directory with ${gateways} gateways on a swarm, found nothing: they share the deployed APIs. Set wso2-apim:sharedDirectory to a directory that all machines mount (NFS, CephFS, GlusterFS), or wso2-apim:deploymentSynchronizer to svn`,
    );
  return faults;
}

const counts = [...roles.map((role) => `${role}Replicas` as const), "gatewayWorkers"] as const;

const swarmSettings = Object.keys(swarm.settings) as (keyof typeof swarm.settings)[];

function defaults() {
  return settingsSchema.parse({});
}

function memoryFaults({ distribution, nodeMemory, nodeHeap }: Settings): string[] {
  if (distribution === standIn) {
    if (nodeHeap === undefined) return [];
    return [
      `nodeHeap: expected auto with the stand-in, which has no JVM, found ${nodeHeap}; set wso2-apim:distribution too, or remove nodeHeap`,
    ];
  }
  if (nodeMemory < leastProductMemory)
    return [
      `nodeMemory: expected at least ${leastProductMemory} for the product, found ${nodeMemory}; set wso2-apim:nodeMemory, or remove it for 2048`,
    ];
  const most = nodeMemory - besideHeap;
  if (nodeHeap === undefined || nodeHeap <= most) return [];
  return [
    `nodeHeap: expected at most ${most} with nodeMemory ${nodeMemory} (the JVM needs ${besideHeap} MiB beside its heap), found ${nodeHeap}; set wso2-apim:nodeHeap, or wso2-apim:nodeMemory to at least ${nodeHeap + besideHeap}`,
  ];
}

/** Secrets that other settings make necessary. */
function secretFaults(settings: Settings, given: ReadonlySet<string>): string[] {
  return Object.entries<SecretInfo>(secrets).flatMap(([name, { neededWith }]) => {
    if (!neededWith || given.has(name)) return [];
    const { setting, value } = neededWith;
    const found = settings[setting];
    if (value === undefined ? found === "" : found !== value) return [];
    const command = configCommand(`set --secret ${name}`, settings.stack);
    return [`${name}: expected a password, since ${setting} is ${found}, found nothing; run: ${command}`];
  });
}

function synchronizerFaults(settings: Settings): string[] {
  if (settings.deploymentSynchronizer !== "svn") return [];
  return (["svnUrl", "svnUser"] as const)
    .filter((name) => settings[name] === "")
    .map(
      (name) => `${name}: expected a value, since deploymentSynchronizer is svn, found nothing; set wso2-apim:${name}`,
    );
}

/** The user's own keystore and truststore; what the files contain is checked later. */
function keystoreFaults(settings: Settings): string[] {
  const { keystore, truststore, keystoreAlias, stack } = settings;
  if (keystore === "") {
    if (keystoreAlias === undefined) return [];
    return [
      `keystoreAlias: expected auto without a keystore of your own, found "${keystoreAlias}"; set wso2-apim:keystore, or remove keystoreAlias`,
    ];
  }
  const faults: string[] = [];
  if (truststore === "")
    faults.push(
      "truststore: expected the file with the certificates that the nodes trust, since keystore is set, found nothing; set wso2-apim:truststore",
    );
  const untouched = defaults();
  for (const name of ["certificateDays", "certificateRenewal", "authorityRenewal"] as const)
    if (settings[name] !== untouched[name])
      faults.push(
        `${name}: expected the default, since your own keystore is renewed by a new file, found "${settings[name]}"; remove it with: ${configCommand(`rm ${name}`, stack)}`,
      );
  return faults;
}

/** Addresses with which a container reaches only itself. */
function databaseHostFaults({ databaseHost }: Settings): string[] {
  if (!/^(localhost|127\..*|0\.0\.0\.0)$/.test(databaseHost)) return [];
  return [
    `databaseHost: expected a name or address with which the containers also reach the server, found "${databaseHost}"; set wso2-apim:databaseHost, e.g. to this machine's address in its network`,
  ];
}

/** Faults of the network itself. */
export function subnetFaults({ networkSubnet }: Settings): string[] {
  const found = `found "${networkSubnet}"; set wso2-apim:networkSubnet, e.g. 172.28.0.0/24`;
  const network = Address4.isValid(networkSubnet) ? new Address4(networkSubnet) : undefined;
  if (!network?.isPrivate() || network.subnetMask < 16 || network.subnetMask > 24 || network.toArray()[3] !== 0)
    return [`networkSubnet: expected a private network from /16 to /24 whose address ends in .0, ${found}`];
  const ownForm = network.networkForm();
  return ownForm === networkSubnet ? [] : [`networkSubnet: expected the network's own address ${ownForm}, ${found}`];
}

/** The settings of published ports: on a swarm, no management ports are, and the user's own MySQL server has none. */
function publishedPorts({ databaseHost, platform }: Settings): (keyof Settings)[] {
  return [
    ...(["httpsPort", "gatewayHttpsPort", "gatewayHttpPort"] as const),
    ...(platform === "docker" ? (["managementPort"] as const) : []),
    ...(databaseHost === "" ? (["databasePort"] as const) : []),
  ];
}

/** Host names and ports that must differ from each other. */
function sameValueFaults(settings: Settings): string[] {
  const hosts = [
    ...roles.map((role) => `${role}Host` as const),
    ...databaseNames.map((name) => `${name}Host` as const),
  ];
  return [hosts, publishedPorts(settings)].flatMap((names) =>
    names.flatMap((name, position) => {
      const other = names.slice(0, position).find((earlier) => settings[earlier] === settings[name]);
      if (other === undefined) return [];
      return [
        `${name}: expected another value than ${other}, found "${settings[name]}" for both; set wso2-apim:${name}`,
      ];
    }),
  );
}
