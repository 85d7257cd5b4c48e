import type { Caller } from "./client";
import type { Cluster } from "./cluster";
import type { Configuration } from "./configuration";
import type { Databases } from "./databases";
import type { Identity } from "./keyStores";
import type { Log } from "./log";
import type { ThriftSessions } from "./thrift";

/** What the parts of one running server share. */
export interface Context {
  /** From CARBON_HOME: the directory that holds it, e.g. `publisher-1` of `/mnt/publisher-1/wso2am`. */
  readonly node: string;
  readonly configuration: Configuration;
  readonly log: Log;
  readonly databases: Databases;
  readonly cluster: Cluster;
  /** The key that this server signs and serves with. */
  readonly identity: Identity;
  /** For management calls: carbon.xml's truststore. */
  readonly caller: Caller;
  /** For the gateway's API traffic: the truststore of axis2.xml's https sender. */
  readonly trafficCaller: Caller;
  readonly sessions: ThriftSessions;
}
