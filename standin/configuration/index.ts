import { roleOfProfile, type StandInRole, standInRoles } from "../roles/table";
import { type ApiManagerConfiguration, readApiManager } from "./apiManager";
import { type Axis2Configuration, readAxis2 } from "./axis2";
import { type CarbonConfiguration, type KeyStoreReference, readCarbon } from "./carbon";
import { type DataSource, readDataSources } from "./dataSources";
import { type IdentityConfiguration, readIdentity } from "./identity";
import type { Properties } from "./properties";
import { type RegistryConfiguration, readRegistry } from "./registry";
import { type ErrorSequence, type PassThroughApi, readErrorSequences, readSynapseApis } from "./synapse";
import { readManagementConnectors } from "./tomcat";
import { readUserManagement, type UserManagement } from "./userManagement";

/** The ports of one server, with the offset. */
export interface Ports {
  readonly managementHttps: number;
  readonly managementHttp: number;
  readonly apiHttps: number;
  /** Absent: axis2.xml has no HTTP receiver. */
  readonly apiHttp?: number;
}

/** The whole configuration of a server. It comes only from the files below CARBON_HOME and from the profile. */
export interface Configuration {
  readonly carbonHome: string;
  readonly profile: string;
  readonly role: StandInRole;
  readonly localAddress: string;
  readonly ports: Ports;
  /** The target of redirects: the load balancer's port if catalina-server.xml has a `proxyPort`, else the server's own. */
  readonly publicUrl: string;
  readonly carbon: CarbonConfiguration;
  readonly dataSources: readonly DataSource[];
  readonly userManagement: UserManagement;
  readonly registry: RegistryConfiguration;
  readonly axis2: Axis2Configuration;
  readonly apiManager: ApiManagerConfiguration;
  readonly identity: IdentityConfiguration;
  /** The key of the management port: that of the connector, else that of carbon.xml. */
  readonly managementKeyStore: KeyStoreReference;
  readonly passThroughApis: readonly PassThroughApi[];
  readonly errorSequences: readonly ErrorSequence[];
}

/**
 * Reads all configuration files.
 * @param localAddress the value of `carbon.local.ip`
 * @throws naming the wrong file and element
 */
export function readConfiguration(carbonHome: string, profile: string, localAddress: string): Configuration {
  const role = roleOfProfile(profile);
  const { servesApis } = standInRoles[role];
  const carbon = readCarbon(carbonHome);
  const connectors = readManagementConnectors(carbonHome);
  const axis2 = readAxis2(carbonHome);
  const userManagement = readUserManagement(carbonHome);
  const ports: Ports = {
    managementHttps: connectors.https.port + carbon.offset,
    managementHttp: connectors.http.port + carbon.offset,
    apiHttps: axis2.httpsPort + carbon.offset,
    ...(axis2.httpPort !== undefined && { apiHttp: axis2.httpPort + carbon.offset }),
  };
  const publicHost = connectors.https.proxyName ?? carbon.managementHostName ?? carbon.hostName ?? localAddress;
  const properties: Properties = {
    "carbon.home": carbonHome,
    "carbon.context": carbon.contextRoot,
    "carbon.local.ip": localAddress,
    "carbon.management.port": `${ports.managementHttps}`,
    "mgt.transport.https.port": `${ports.managementHttps}`,
    "mgt.transport.http.port": `${ports.managementHttp}`,
    "https.nio.port": `${ports.apiHttps}`,
    "http.nio.port": `${ports.apiHttp ?? ""}`,
    "admin.username": userManagement.adminUser,
    "admin.password": userManagement.adminPassword,
    // In the product, a handler of the gateway's own APIs sets these two on each request.
    "keyManager.hostname": localAddress,
    "keyManager.port": `${ports.managementHttps}`,
  };
  return {
    carbonHome,
    profile,
    role,
    localAddress,
    ports,
    publicUrl: `https://${publicHost}:${connectors.https.proxyPort ?? ports.managementHttps}`,
    carbon,
    dataSources: readDataSources(carbonHome),
    userManagement,
    registry: readRegistry(carbonHome),
    axis2,
    apiManager: readApiManager(carbonHome, properties),
    identity: readIdentity(carbonHome),
    managementKeyStore: connectors.https.keyStore ?? carbon.keyStore,
    passThroughApis: servesApis ? readSynapseApis(carbonHome, properties) : [],
    errorSequences: servesApis ? readErrorSequences(carbonHome) : [],
  };
}
