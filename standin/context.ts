import type { Caller } from "./client";
import type { Cluster } from "./cluster";
import type { Configuration } from "./configuration";
import type { Databases } from "./databases";
import type { Identity } from "./keyStores";
import type { Log } from "./log";
import type { ThriftSessions } from "./thrift";

/** What the parts of one running server share. */
export interface Context {
  /** The name of the parent directory of CARBON_HOME, e.g. `publisher-1` for `/mnt/publisher-1/wso2am`. */
  readonly node: string;
  readonly configuration: Configuration;
  readonly log: Log;
  readonly databases: Databases;
  readonly cluster: Cluster;
  /** The key for TLS on the management port, and for signatures. */
  readonly identity: Identity;
  /** Makes management calls, with the truststore of carbon.xml. */
  readonly caller: Caller;
  /** Forwards API traffic, with the truststore of the https sender in axis2.xml. */
  readonly trafficCaller: Caller;
  readonly sessions: ThriftSessions;
  /** Whether the console and the log-in pages compile: the compiler in the home must be new enough for JDK 8. */
  readonly compilesPages: boolean;
}
