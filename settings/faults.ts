import { Address4 } from "ip-address";
import { besideHeap, leastProductMemory } from "./derived";
import { configCommand } from "./field";
import { type Settings, settingsSchema, standIn } from "./schema";

/**
 * Faults that only several settings together have; each names setting, expectation, value found and remedy.
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
    ...storeFaults(settings, given),
    ...databaseHostFaults(settings),
  ];
}

/** Settings about an image or about what it is built from, given where it is not. */
function distributionFaults(settings: Settings): string[] {
  const { distribution, image } = settings;
  if (distribution === standIn && image !== "") {
    return [`image: the stand-in has its own image, found "${image}"; set wso2-apim:distribution too, or remove image`];
  }
  const builtFor = distribution === standIn ? "the stand-in" : image === "" ? "" : `the image ${image}`;
  const faults: string[] = [];
  if (builtFor !== "" && settings.jdbcDriver !== defaultOf("jdbcDriver")) {
    faults.push(
      `jdbcDriver: it goes into an image that is built from your distribution, and ${builtFor} is there already, found "${settings.jdbcDriver}"; remove jdbcDriver`,
    );
  }
  if (image === "" && settings.apimHome !== defaultOf("apimHome")) {
    faults.push(
      `apimHome: expected ${defaultOf("apimHome")} where no image of yours is named, found "${settings.apimHome}"; remove apimHome, or set wso2-apim:image`,
    );
  }
  return faults;
}

function defaultOf(name: keyof typeof settingsSchema.shape): unknown {
  return settingsSchema.shape[name].parse(undefined);
}

/** Said of the product only: the stand-in has no JVM. */
function memoryFaults({ distribution, nodeMemory, nodeHeap }: Settings): string[] {
  if (distribution === standIn) {
    return nodeHeap === 0
      ? []
      : [`nodeHeap: the stand-in has no JVM, found ${nodeHeap}; set wso2-apim:distribution too, or remove nodeHeap`];
  }
  if (nodeMemory < leastProductMemory) {
    return [
      `nodeMemory: expected at least ${leastProductMemory} for the product, found ${nodeMemory}; set wso2-apim:nodeMemory, or remove it for 2048`,
    ];
  }
  const most = nodeMemory - besideHeap;
  if (nodeHeap <= most) return [];
  return [
    `nodeHeap: expected at most ${most} with nodeMemory ${nodeMemory} (the JVM needs ${besideHeap} MiB beside its heap), found ${nodeHeap}; set wso2-apim:nodeHeap, or wso2-apim:nodeMemory to at least ${nodeHeap + besideHeap}`,
  ];
}

function secretFaults(settings: Settings, given: ReadonlySet<string>): string[] {
  const faults: string[] = [];
  const needSecret = (name: string, why: string) => {
    if (!given.has(name))
      faults.push(
        `${name}: expected a password, since ${why}; run: ${configCommand(`set --secret ${name}`, settings.stack)}`,
      );
  };
  if (settings.databaseHost !== "")
    needSecret("databaseAdminPassword", `databaseHost is ${settings.databaseHost}, a server of your own`);
  if (settings.analytics) needSecret("analyticsPassword", "analytics is true");
  if (settings.deploymentSynchronizer === "svn") {
    needSecret("svnPassword", "deploymentSynchronizer is svn");
    for (const name of ["svnUrl", "svnUser"] as const)
      if (settings[name] === "")
        faults.push(
          `${name}: expected a value, since deploymentSynchronizer is svn, found nothing; set wso2-apim:${name}`,
        );
  }
  return faults;
}

/** The user's own keystore and truststore; what is in them is looked at later. */
function storeFaults(settings: Settings, given: ReadonlySet<string>): string[] {
  const { keystore, truststore, stack } = settings;
  const faults: string[] = [];
  for (const name of ["keystore", "truststore"] as const)
    if (settings[name] !== "" && !given.has(`${name}Password`))
      faults.push(
        `${name}Password: expected the password of ${settings[name]}, found nothing; run: ${configCommand(`set --secret ${name}Password`, stack)}`,
      );
  if (keystore === "") {
    if (settings.keystoreAlias === "") return faults;
    return [...faults, "keystoreAlias: there is no keystore of your own; set wso2-apim:keystore, or remove it"];
  }
  if (truststore === "")
    faults.push(
      "truststore: expected the file with whom the nodes trust, since keystore is given, found nothing; set wso2-apim:truststore",
    );
  const untouched = settingsSchema.parse({});
  for (const name of ["certificateDays", "certificateRenewal", "authorityRenewal"] as const)
    if (settings[name] !== untouched[name])
      faults.push(
        `${name}: your own keystore is renewed by a new file, found "${settings[name]}"; remove it with: ${configCommand(`rm ${name}`, stack)}`,
      );
  return faults;
}

/** In a container, these lead to the container itself. */
function databaseHostFaults({ databaseHost }: Settings): string[] {
  if (!/^(localhost|127\..*|0\.0\.0\.0)$/.test(databaseHost)) return [];
  return [
    `databaseHost: expected a name or address that leads to the server from the containers too, found "${databaseHost}"; set wso2-apim:databaseHost, e.g. to this machine's address in its network`,
  ];
}

/** Faults of the network itself. */
export function subnetFaults({ networkSubnet }: Settings): string[] {
  const found = `found "${networkSubnet}"; set wso2-apim:networkSubnet, e.g. 172.28.0.0/24`;
  const network = Address4.isValid(networkSubnet) ? new Address4(networkSubnet) : undefined;
  if (!network?.isPrivate() || network.subnetMask < 16 || network.subnetMask > 24 || network.toArray()[3] !== 0) {
    return [`networkSubnet: expected a private network from /16 to /24 whose address ends in .0, ${found}`];
  }
  const ownForm = network.networkForm();
  return ownForm === networkSubnet ? [] : [`networkSubnet: expected the network's own address ${ownForm}, ${found}`];
}

/** The settings of published ports; a server that the user runs is not published. */
function publishedPorts({ databaseHost }: Settings): (keyof Settings)[] {
  const ports = ["httpsPort", "gatewayHttpsPort", "gatewayHttpPort", "managementPort"] as const;
  return databaseHost === "" ? [...ports, "databasePort"] : [...ports];
}

/** Names or ports that would meet each other. */
function sameValueFaults(settings: Settings): string[] {
  const groups: (keyof Settings)[][] = [
    ["keyManagerHost", "gatewayHost", "publisherHost", "storeHost", "apimgtdbHost", "userdbHost", "regdbHost"],
    publishedPorts(settings),
  ];
  const faults: string[] = [];
  for (const group of groups) {
    for (const [i, name] of group.entries()) {
      const other = group.slice(0, i).find((earlier) => settings[earlier] === settings[name]);
      if (other)
        faults.push(
          `${name}: expected another value than ${other}, found "${settings[name]}" for both; set wso2-apim:${name}`,
        );
    }
  }
  return faults;
}
