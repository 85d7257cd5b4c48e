import assert from "node:assert/strict";
import type Docker from "dockerode";
import { checkOpenDatabases, establishedPeers } from "../../../cli/verify/openDatabases";
import { parseSettings } from "../../../plan/settings";
import { buildTopology } from "../../../topology";

const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const line = (remote: string, state = "01") =>
  `   0: 150000AC:9C40 ${remote} ${state} 00000000:00000000 00:00000000 0\n`;
const own = "0A001CAC:0CEA"; // 172.28.0.10:3306
const mapped = `0000000000000000FFFF0000${own}`;
const former = "0702010A:0CEA"; // 10.1.2.7:3306

describe("verify: databases that a node of the product has open", () => {
  it("established connections are read from the kernel's tables, IPv4 in IPv6 too", () => {
    const text = head + line(own) + line(mapped) + line(former, "06") + line("00000000:0000", "0A");
    assert.deepEqual(establishedPeers(text), [
      { address: "172.28.0.10", port: 3306 },
      { address: "172.28.0.10", port: 3306 },
    ]);
  });

  const topology = buildTopology(parseSettings({}, "dev"));
  const [, gateway] = topology.nodes;
  assert.ok(gateway);

  /** A Docker engine whose containers print these tables, and resolve the databases' names. */
  function engine(tables: string): Docker {
    const frame = (text: string) => {
      const header = Buffer.alloc(8);
      header[0] = 1;
      header.writeUInt32BE(Buffer.byteLength(text), 4);
      return Buffer.concat([header, Buffer.from(text)]);
    };
    const exec = async ({ Cmd }: { Cmd: string[] }) => {
      const text = Cmd[0] === "cat" ? tables : "172.28.0.10     STREAM apimgtdb.mysql-wso2.com\n";
      return {
        start: async () =>
          (async function* () {
            yield frame(text);
          })(),
      };
    };
    return { getContainer: () => ({ exec }) } as unknown as Docker;
  }

  it("the deployment's own database passes", async () => {
    const check = await checkOpenDatabases(gateway, topology, engine(head + line(own)));
    assert.equal(check.ok, true, check.detail);
  });

  it("another database server fails, and the files that can name it are said", async () => {
    const check = await checkOpenDatabases(gateway, topology, engine(head + line(own) + line(former)));
    assert.equal(check.ok, false);
    assert.match(check.detail ?? "", /connected to 10\.1\.2\.7:3306; see .*master-datasources\.xml.* of gateway-1/);
  });

  it("a container that can't be asked fails with the cause", async () => {
    const broken = { getContainer: () => ({ exec: () => Promise.reject(new Error("no such container")) }) };
    const check = await checkOpenDatabases(gateway, topology, broken as unknown as Docker);
    assert.equal(check.ok, false);
    assert.match(check.detail ?? "", /its connections can't be read: no such container/);
  });
});
