// By name: a default or star import would be copied into the closure of a dynamic resource, not required by it.
import { type Connection, createConnection } from "mysql2/promise";

/** A MySQL server that the user runs, and the account that makes databases and accounts there. */
export interface Server {
  readonly host: string;
  /** 1..65535. */
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

const pauseMilliseconds = 500;
/** What a server answers, or does not, that is about to be ready or is full for a moment. */
const passing = ["ECONNREFUSED", "ECONNRESET", "EPIPE", "PROTOCOL_CONNECTION_LOST", "ER_CON_COUNT_ERROR", "EAI_AGAIN"];

/**
 * Connects; a server that is not there yet is tried again for a while.
 *
 * Runs inside a dynamic resource too: plain functions only.
 *
 * @param limitMilliseconds how long it is tried
 * @throws naming the server, what it said, the setting that decides and the remedy; never the password
 */
export async function connectToServer(server: Server, limitMilliseconds = 10_000): Promise<Connection> {
  const { host, port, user, password } = server;
  const deadline = Date.now() + limitMilliseconds;
  for (;;) {
    const left = Math.max(deadline - Date.now(), 500);
    try {
      return await createConnection({ host, port, user, password, connectTimeout: left });
    } catch (error) {
      const { code = "", message } = error as { code?: string; message: string };
      if (!passing.includes(code) || Date.now() + pauseMilliseconds > deadline) {
        throw new Error(noConnection(server, limitMilliseconds / 1000, code, message || code));
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds));
    }
  }
}

/** How every message about the server begins. */
export function serverName({ host, port }: Pick<Server, "host" | "port">): string {
  return `MySQL server ${host}:${port} (wso2-apim:databaseHost, databaseServerPort)`;
}

function noConnection(server: Server, seconds: number, code: string, said: string): string {
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
      return `${place}: no word of MySQL within ${seconds} s: nothing answers there, a firewall drops what comes, or something else than MySQL listens. Set wso2-apim:databaseHost or wso2-apim:databaseServerPort, or let this machine and the containers in`;
    case "PROTOCOL_CONNECTION_LOST":
    case "ECONNRESET":
      return `${place}: hangs up before it has said a word of MySQL, for ${seconds} s (${said}): it is still starting, or no MySQL. See that MySQL listens there, or set wso2-apim:databaseHost or wso2-apim:databaseServerPort`;
    case "ECONNREFUSED":
      return `${place}: nothing listens there, for ${seconds} s (${said}). Start it, let it listen on that address (bind_address), or set wso2-apim:databaseHost or wso2-apim:databaseServerPort`;
    default:
      return `${place}: can't be used: ${said}`;
  }
}
