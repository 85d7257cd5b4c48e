import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Cluster } from "../../../standin/cluster";
import type { Context } from "../../../standin/context";
import { keyValidator } from "../../../standin/roles/keyValidator";
import { Members } from "../members";

describe("stand-in: a gateway's cache of valid tokens", () => {
  let server: Server;
  let asked = 0;
  before(async () => {
    server = createServer((_, response) => {
      asked++;
      response.end(JSON.stringify({ value: { authorized: true } }));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  });
  after(() => server.close());

  /** A gateway that validates tokens at the server above. */
  function gateway(cluster: Pick<Cluster, "send" | "subscribe">) {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/`;
    const keyValidation = { clientType: "WSClient", element: "APIKeyValidator", url, user: "admin", password: "x" };
    const configuration = { apiManager: { gatewayKeyCache: true, keyValidation } };
    return keyValidator({ cluster, configuration, caller: {} } as unknown as Context);
  }

  it("forgets a revoked token, and no other, on every member of the cluster", async () => {
    const members = new Members();
    const gateways = [gateway(members.join()), gateway(members.join()), gateway(members.join())];
    const ask = async (token: string): Promise<number> => {
      const before = asked;
      for (const { validate } of gateways) await validate({ token, context: "/a/1", version: "1" });
      return asked - before;
    };
    assert.deepEqual([await ask("one"), await ask("two")], [3, 3]);
    assert.deepEqual([await ask("one"), await ask("two")], [0, 0]);
    gateways[1]?.forget("one");
    assert.deepEqual([await ask("one"), await ask("two")], [3, 0]);
  });
});
