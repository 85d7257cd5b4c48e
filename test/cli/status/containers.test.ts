import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { allStopped, containerStatuses, containersIn } from "../../../cli/status/containers";
import { parseSettings } from "../../../plan/settings";
import { buildTopology } from "../../../topology";

describe("status: containers that do not exist", () => {
  const { DOCKER_HOST } = process.env;
  const server = createServer((_request, response) => response.writeHead(404).end("{}"));
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    process.env.DOCKER_HOST = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    if (DOCKER_HOST === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = DOCKER_HOST;
    server.close();
  });

  it("have a note with the commands that create them, for this stack", async () => {
    const topology = buildTopology(parseSettings({}, "blue"));
    const gone = await containerStatuses({ ...topology, nodes: [] }, "blue", new Set(["apim-blue-mysql"]));
    assert.deepEqual(
      gone.map(({ container, state }) => [container, state]),
      [
        ["apim-blue-mysql", "missing"],
        ["apim-blue-loadbalancer", "missing"],
        ["apim-blue-loadbalancer-files", "missing"],
      ],
    );
    assert.deepEqual(
      gone.map(({ note }) => note),
      [
        "gone; to create it again, run: npm run refresh -- --stack blue, then npm run up -- --stack blue",
        "not created yet, because the last up failed or was stopped; to continue, run: npm run up -- --stack blue",
        "not created yet, because the last up failed or was stopped; to continue, run: npm run up -- --stack blue",
      ],
    );
  });

  it("count as created if the engine's state has them, and they were not deleted for a replacement", () => {
    const container = (name: string, exists: boolean) => ({
      name: `${name}-container`,
      type: "docker:index/container:Container",
      exists,
      inputs: {},
      outputs: { name },
    });
    const network = { ...container("net", true), type: "docker:index/network:Network" };
    assert.deepEqual(
      [...containersIn([container("apim-blue-mysql", true), container("apim-blue-store-1", false), network])],
      ["apim-blue-mysql"],
    );
  });
});

describe("status: containers that are all stopped", () => {
  const status = (name: string, state: string) => ({
    name,
    container: `apim-dev-${name}`,
    state,
    health: "-",
    restarts: 0,
    url: "-",
  });

  it("have one line with the command that starts them, as after a crash of the Docker engine", () => {
    const all = [status("mysql", "external"), status("store-1", "exited"), status("loadbalancer", "exited")];
    assert.match(allStopped(all) ?? "", /engine crashed, .* docker start apim-dev-store-1 apim-dev-loadbalancer$/);
  });

  for (const state of ["running", "restarting", "missing"])
    it(`not if one of them is ${state}`, () => {
      assert.equal(allStopped([status("mysql", "exited"), status("store-1", state)]), undefined);
    });
});
