import { lookup as systemLookup } from "node:dns";
import { basename, dirname } from "node:path";
import { type Lookup, resolveHost } from "./client";
import { joinCluster, noCluster } from "./cluster";
import { type Configuration, readConfiguration } from "./configuration";
import { readMemberTimeout } from "./configuration/hazelcast";
import { compilesPages } from "./configuration/pageCompiler";
import { localAddress } from "./configuration/properties";
import type { Context } from "./context";
import { openDatabases } from "./databases";
import { describe } from "./errors";
import { healthHandler } from "./health";
import { closeServer, type Handler, listen } from "./http";
import { type Identity, loadIdentity, loadTrust } from "./keyStores";
import type { Log } from "./log";
import { pageHandler } from "./pages";
import { serverParts } from "./roles";
import { standInRoles } from "./roles/table";
import { servicesHandler } from "./services";
import { serveThrift, thriftSessions } from "./thrift";

/** Milliseconds in which requests may finish when the server stops. */
const stopMilliseconds = 1000;

/** Bytes of a body on the API ports. The product has no limit there; the stand-in holds a whole body in memory. */
const callBodyLimit = 64 * 1024 * 1024;

/** Milliseconds: as in the product, the management port answers before the API ports do. */
const apiDelay = 1000;
/** Milliseconds: as in the product, a server is healthy before its management services answer. */
const servicesDelay = 500;

export interface StartOptions {
  readonly carbonHome: string;
  /** The value of -Dprofile. */
  readonly profile: string;
  readonly log: Log;
  /** Seconds in which the databases must answer for the first time. */
  readonly startLimit: number;
  /** The address to bind and the host names, for several servers in one process. @default those of the operating system */
  readonly network?: { readonly address: string; readonly lookup: Lookup };
}

export interface RunningNode {
  readonly configuration: Configuration;
  /** Resolves when the databases have answered and the services do, rejects at the start limit. */
  readonly started: Promise<void>;
  /** Closes everything within a second. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts one server. It opens its ports before the databases answer, so that its health shows what it waits for.
 * @throws when a file is wrong or a port can't be bound.
 */
export async function startNode({ carbonHome, profile, log, startLimit, network }: StartOptions): Promise<RunningNode> {
  const configuration = readConfiguration(carbonHome, profile, network?.address ?? localAddress());
  const { carbon, axis2 } = configuration;
  const { servesApis } = standInRoles[configuration.role];
  const lookup: Lookup = network?.lookup ?? (systemLookup as Lookup);
  const identity = loadIdentity(carbon.keyStore);
  const managementIdentity = loadIdentity(configuration.managementKeyStore);
  // The transports of all servers open their keystores, also where no API is served.
  const apiIdentity = loadIdentity(axis2.keyStore);
  loadIdentity(axis2.senderKeyStore);
  const cluster = axis2.clustering
    ? await joinCluster(axis2.clustering, {
        log,
        lookup,
        registry: registryKey(configuration),
        silence: readMemberTimeout(carbonHome),
      })
    : noCluster("clustering is not enabled");
  const context: Context = {
    node: basename(dirname(carbonHome)),
    configuration,
    log,
    databases: openDatabases(configuration),
    cluster,
    identity,
    caller: { trust: loadTrust(carbon.trustStore), lookup },
    trafficCaller: { trust: loadTrust(axis2.trustStore), lookup },
    sessions: thriftSessions(),
    compilesPages: await compilesPages(carbonHome),
  };
  const parts = serverParts(context);
  let databasesAnswered = false;
  let servicesAnswer = false;
  const closers: (() => unknown)[] = [cluster.close];
  const stop = async (): Promise<void> => {
    await Promise.all(closers.map((close) => close()));
    await context.databases.close();
  };
  try {
    const management: Handler[] = [
      healthHandler(context, () => databasesAnswered),
      servicesHandler(context, parts.services, () => servicesAnswer),
      ...parts.management,
      pageHandler(context),
    ];
    const address = network?.address;
    const open = async (
      purpose: string,
      port: number,
      handlers: readonly Handler[],
      keys?: Identity,
      bodyLimit?: number,
    ): Promise<void> => {
      const server = await listen(
        {
          node: context.node,
          purpose,
          port,
          address,
          log,
          ...(keys && { identity: keys }),
          ...(bodyLimit && { bodyLimit }),
        },
        handlers,
      );
      closers.push(() => closeServer(server, stopMilliseconds));
      log.info(`${purpose} on port ${port}`);
    };
    closers.push(...(await openThrift(context, parts.validateKey, address)));
    await open("management (http)", configuration.ports.managementHttp, [redirectToTls(configuration)]);
    await open("management (https)", configuration.ports.managementHttps, management, managementIdentity);
    if (servesApis) {
      const { apiHttps, apiHttp } = configuration.ports;
      await new Promise((resolve) => setTimeout(resolve, apiDelay));
      await open("API traffic (https)", apiHttps, parts.traffic, apiIdentity, callBodyLimit);
      if (apiHttp !== undefined) {
        await open("API traffic (http)", apiHttp, parts.traffic, undefined, callBodyLimit);
      }
    }
  } catch (error) {
    await stop();
    throw error;
  }
  let stopped = false;
  // Also when a database does not answer: then the calls that need it fail.
  const services = new Promise<void>((resolve) => {
    setTimeout(() => {
      servicesAnswer = true;
      resolve();
    }, servicesDelay);
  });
  const started = waitForDatabases(context, startLimit, () => stopped).then(async () => {
    await parts.seed();
    databasesAnswered = true;
    await services;
    log.info(`${carbon.name} ${carbon.version} (${profile}) started`);
  });
  return {
    configuration,
    started,
    stop: async () => {
      stopped = true;
      await stop();
    },
  };
}

/** Account and URL of the local registry. */
function registryKey({ registry, dataSources }: Configuration): string {
  return dataSources.find(({ jndiName }) => jndiName === registry.localDataSource)?.cacheKey ?? "";
}

async function openThrift(
  context: Context,
  handle: Parameters<typeof serveThrift>[1],
  address: string | undefined,
): Promise<(() => void)[]> {
  const { role, apiManager } = context.configuration;
  const { thriftServerEnabled, thriftServerPort, thriftServerHost } = apiManager.keyValidation;
  if (!thriftServerEnabled || !standInRoles[role].servesThrift) {
    return [];
  }
  const { sessions, identity } = context;
  // As in the product, the name decides the interface, so a host name of another node can't be bound.
  const host = thriftServerHost === undefined ? address : await resolveHost(context.caller.lookup, thriftServerHost);
  const close = await serveThrift({ port: thriftServerPort, address: host, identity, sessions }, handle);
  context.log.info(`Thrift key validation on port ${thriftServerPort}`);
  return [close];
}

async function waitForDatabases(context: Context, startLimit: number, stopped: () => boolean): Promise<void> {
  const end = Date.now() + startLimit * 1000;
  let said = "";
  for (;;) {
    const faults: string[] = [];
    for (const source of context.databases.sources) {
      await context.databases.check(source).catch((error: unknown) => {
        faults.push(`${source.name} at ${source.server?.host}:${source.server?.port}: ${describe(error)}`);
      });
    }
    if (faults.length === 0 || stopped()) {
      return;
    }
    const text = faults.join("; ");
    if (Date.now() >= end) {
      throw new Error(`databases not reached within ${startLimit} s: ${text}`);
    }
    if (text !== said) {
      context.log.warn(`waiting for databases: ${text}`);
      said = text;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Redirects browsers to the HTTPS port, as the product does. */
function redirectToTls({ publicUrl }: Configuration): Handler {
  return ({ path }) => ({ status: 302, headers: { location: `${publicUrl}${path}` } });
}
