import type { Connection } from "mysql2/promise";
import { type ConnectionFailure, connect, type Login } from "./connect";

/** The user's own MySQL server, with the account that creates databases and accounts on it. */
export type Server = Omit<Login, "database">;

/**
 * Connects, and retries while the server is not ready.
 *
 * Also runs inside a dynamic resource, so it uses plain functions only.
 *
 * @param limitMilliseconds when to stop retrying
 * @throws naming the server, its error, the setting and the remedy; never the password
 */
export function connectToServer(server: Server, limitMilliseconds = 10_000): Promise<Connection> {
  return connect(server, limitMilliseconds, (failure) => explain(server, failure));
}

/** The beginning of every message about the server. */
export function serverName({ host, port }: Pick<Server, "host" | "port">): string {
  return `MySQL server ${host}:${port} (wso2-apim:databaseHost, databaseServerPort)`;
}

function explain(server: Server, { code, message, seconds }: ConnectionFailure): string {
  const place = serverName(server);
  switch (code) {
    case "ER_ACCESS_DENIED_ERROR":
    case "ER_ACCESS_DENIED_NO_PASSWORD_ERROR":
      return `${place}: refuses the user "${server.user}" or its password: ${message}. Set wso2-apim:databaseAdminUser, and the secret databaseAdminPassword (npm run config -- set --secret databaseAdminPassword); the account must be allowed to connect from this machine`;
    case "ER_TLS_ONLY_ACCOUNT":
      return `${place}: accepts the user "${server.user}" over TLS only (REQUIRE SSL), which this program does not support for MySQL yet. Set wso2-apim:databaseAdminUser to another account, or run: ALTER USER '${server.user}'@'...' REQUIRE NONE`;
    case "ER_TOO_MANY_USER_CONNECTIONS":
    case "ER_USER_LIMIT_REACHED":
      return `${place}: accepts no further connection of the user "${server.user}", for ${seconds} s: ${message}. Raise the account's MAX_USER_CONNECTIONS, or the server's max_user_connections`;
    case "ER_HOST_NOT_PRIVILEGED":
    case "ER_HOST_IS_BLOCKED":
      return `${place}: accepts no connection from this machine: ${message}. Create an account "${server.user}" for this machine's address, or for '%'`;
    case "ER_SECURE_TRANSPORT_REQUIRED":
      return `${place}: requires TLS (require_secure_transport), which this program does not support for MySQL yet: ${message}`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `${place}: its name can't be resolved: ${message}. Set wso2-apim:databaseHost to a name that this machine and the containers can resolve, or to an IPv4 address`;
    case "ETIMEDOUT":
      return `${place}: no answer from MySQL within ${seconds} s: its name is still being resolved, nothing answers at its address, a firewall drops the packets, or another service listens there. Set wso2-apim:databaseHost or wso2-apim:databaseServerPort, or open the firewall for this machine and the containers`;
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return `${place}: there is no route to it from this machine: ${message}. Set wso2-apim:databaseHost to an address that this machine and the containers can reach, or repair the route (a network that is down, a VPN, a firewall)`;
    case "PROTOCOL_CONNECTION_LOST":
    case "ECONNRESET":
      return `${place}: closes every connection before it answers, for ${seconds} s (${message}): it is still starting, or is not MySQL. Check that MySQL listens there, or set wso2-apim:databaseHost or wso2-apim:databaseServerPort`;
    case "ECONNREFUSED":
      return `${place}: nothing listens there, retried for ${seconds} s (${message}). Start the server, let it listen on that address (bind_address), or set wso2-apim:databaseHost or wso2-apim:databaseServerPort`;
    default:
      return `${place}: can't be used: ${message}`;
  }
}
