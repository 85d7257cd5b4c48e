import type { Connection } from "mysql2/promise";
import { connect, type Login, type Refusal } from "./connect";

/** A MySQL server that the user runs, and the account that makes databases and accounts there. */
export type Server = Omit<Login, "database">;

/**
 * Connects; a server that is not there yet is tried again for a while.
 *
 * Runs inside a dynamic resource too: plain functions only.
 *
 * @param limitMilliseconds how long it is tried
 * @throws naming the server, what it said, the setting that decides and the remedy; never the password
 */
export function connectToServer(server: Server, limitMilliseconds = 10_000): Promise<Connection> {
  return connect(server, limitMilliseconds, (refusal) => noConnection(server, refusal));
}

/** How every message about the server begins. */
export function serverName({ host, port }: Pick<Server, "host" | "port">): string {
  return `MySQL server ${host}:${port} (wso2-apim:databaseHost, databaseServerPort)`;
}

function noConnection(server: Server, { code, said, seconds }: Refusal): string {
  const place = serverName(server);
  switch (code) {
    case "ER_ACCESS_DENIED_ERROR":
    case "ER_ACCESS_DENIED_NO_PASSWORD_ERROR":
      return `${place}: refuses the user "${server.user}" or its password: ${said}. Set wso2-apim:databaseAdminUser, and the secret databaseAdminPassword (npm run config -- set --secret databaseAdminPassword); the account must be allowed to come from this machine`;
    case "ER_HOST_NOT_PRIVILEGED":
    case "ER_HOST_IS_BLOCKED":
      return `${place}: lets nobody in from this machine: ${said}. Give the user "${server.user}" an account for this machine's address, or for '%'`;
    case "ER_SECURE_TRANSPORT_REQUIRED":
      return `${place}: asks for TLS (require_secure_transport), which this program can't use with MySQL yet: ${said}`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `${place}: can't be found: ${said}. Set wso2-apim:databaseHost to a name that this machine and the containers can resolve, or to an IPv4 address`;
    case "ETIMEDOUT":
      return `${place}: no word of MySQL within ${seconds} s: its name is still being looked up, nothing answers there, a firewall drops what comes, or something else than MySQL listens. Set wso2-apim:databaseHost or wso2-apim:databaseServerPort, or let this machine and the containers in`;
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return `${place}: no way leads there from this machine: ${said}. Set wso2-apim:databaseHost to an address that this machine and the containers reach, or see to the route (a network that is down, a VPN, a firewall)`;
    case "PROTOCOL_CONNECTION_LOST":
    case "ECONNRESET":
      return `${place}: hangs up before it has said a word of MySQL, for ${seconds} s (${said}): it is still starting, or no MySQL. See that MySQL listens there, or set wso2-apim:databaseHost or wso2-apim:databaseServerPort`;
    case "ECONNREFUSED":
      return `${place}: nothing listens there, for ${seconds} s (${said}). Start it, let it listen on that address (bind_address), or set wso2-apim:databaseHost or wso2-apim:databaseServerPort`;
    default:
      return `${place}: can't be used: ${said}`;
  }
}
