/** The mysql provider: Database, User, Grant. Configuration: `endpoint` (host:port), `username`, `password`, `tls`. */

import type { Properties, Provider } from "../../provider";
import { providerOf } from "../kind";
import { MysqlServer } from "./connection";
import { databaseKind } from "./database";
import { grantKind } from "./grant";
import { userKind } from "./user";

export function mysqlProvider(config: Properties): Provider {
  const server = new MysqlServer(config);
  return providerOf([databaseKind(server), userKind(server), grantKind(server)], { close: () => server.close() });
}
