import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { type Recording, runProgram } from "./components/recorder";

type Settings = Record<string, string>;

interface Change {
  readonly from?: Settings;
  readonly to: Settings;
  readonly added?: readonly string[];
  readonly removed?: readonly string[];
  /** These start one after another. */
  readonly rolling?: readonly string[];
  /** Further containers that are replaced. */
  readonly replaced?: readonly string[];
}

const nodes = ["gateway-1", "keymanager-1", "publisher-1", "store-1"];

/** docs/operations.md, "Changing and scaling". */
const changes: readonly Change[] = [
  {
    to: { gatewayReplicas: "3" },
    added: ["gateway-2", "gateway-3"],
    rolling: ["gateway-3", "gateway-2", "loadbalancer-files", "gateway-1"],
  },
  {
    from: { gatewayReplicas: "2" },
    to: { gatewayReplicas: "3" },
    added: ["gateway-3"],
    rolling: ["gateway-3", "gateway-2", "loadbalancer-files", "gateway-1"],
  },
  {
    from: { gatewayReplicas: "3" },
    to: { gatewayReplicas: "1" },
    removed: ["gateway-2", "gateway-3"],
    rolling: ["gateway-1", "loadbalancer-files"],
  },
  {
    to: { gatewayWorkers: "2" },
    added: ["gateway-worker-1", "gateway-worker-2"],
    rolling: ["gateway-worker-2", "loadbalancer-files", "gateway-worker-1", "gateway-1"],
  },
  {
    from: { gatewayReplicas: "3", jwt: "true" },
    to: { jwtHeader: "X-Caller" },
    rolling: ["gateway-3", "gateway-2", "gateway-1"],
    replaced: ["keymanager-1", "publisher-1"],
  },
  { to: { keyManagerReplicas: "2" }, added: ["keymanager-2"], replaced: [...nodes, "loadbalancer-files"] },
  {
    from: { keyManagerReplicas: "2" },
    to: { keyManagerReplicas: "3" },
    added: ["keymanager-3"],
    replaced: ["keymanager-1", "keymanager-2", "loadbalancer-files"],
  },
  {
    to: { publisherReplicas: "2", storeReplicas: "2" },
    added: ["publisher-2", "store-2"],
    replaced: ["publisher-1", "store-1", "loadbalancer-files"],
  },
];

describe("a change of the number of nodes", function () {
  this.timeout(120_000);
  this.slow(5000);

  for (const { from = {}, to, added = [], removed = [], rolling = [], replaced = [] } of changes)
    it(`${JSON.stringify(from)} -> ${JSON.stringify(to)} replaces exactly the containers whose files or start order change`, async () => {
      const [before, after] = [await runProgram(from), await runProgram({ ...from, ...to })];
      const [old, now] = [containers(before), containers(after)];
      const only = (these: readonly string[], those: readonly string[]) =>
        these.filter((name) => !those.includes(name)).sort();
      assert.deepEqual(only(now, old), added);
      assert.deepEqual(only(old, now), removed);
      const changed = old.filter(
        (name) => now.includes(name) && !isDeepStrictEqual(decides(before, name), decides(after, name)),
      );
      assert.deepEqual(changed.sort(), [...rolling.filter((name) => !added.includes(name)), ...replaced].sort());
      for (const [position, name] of rolling.slice(1).entries())
        assert.ok(waitsFor(after, name, rolling[position] ?? ""), `${name} does not wait for ${rolling[position]}`);
      // Published APIs stay.
      assert.deepEqual(only(volumes(before), volumes(after)), []);
      // The outputs that a preview shows as changed.
      const [oldLines, newLines] = [lines(before.outputs), lines(after.outputs)];
      const differing = [...only(oldLines, newLines), ...only(newLines, oldLines)].map((line) => line.split(": ")[0]);
      const expected = [
        // A setting that only appears in files does not change the topology.
        ...(added.length + removed.length > 0 ? ["/layout"] : []),
        ...[...added, ...removed].map((name) => `/nodes/${name}`),
        ...Object.keys(to).map((name) => `/settings/${name}`),
      ];
      assert.deepEqual([...new Set(differing)].sort(), expected.sort());
    });

  /** Each known value, after its path. */
  function lines(outputs: object, before = ""): string[] {
    return Object.entries(outputs).flatMap(([name, value]) => {
      const place = `${before}/${name}`;
      if (typeof value !== "object") return [`${place}: ${value}`];
      return pulumi.Output.isInstance(value) ? [] : lines(value, place);
    });
  }

  function containers({ all }: Recording): string[] {
    return all
      .filter(({ type }) => type === "docker:index/container:Container")
      .map(({ name }) => name.replace(/-container$/, ""));
  }

  function volumes({ all }: Recording): string[] {
    return all.filter(({ type }) => type.endsWith(":Volume")).map(({ name }) => name);
  }

  /** The inputs whose change replaces a container. */
  function decides(run: Recording, name: string): unknown[] {
    const files = run.all.filter((one) => one.name === `${name}-config`).map(({ inputs }) => inputs);
    const { uploads: _, ...rest } = run.get(`${name}-container`).inputs;
    return [...files, rest];
  }

  /** Whether a container starts after another one, directly or through others. */
  function waitsFor(run: Recording, name: string, other: string): boolean {
    const before = run
      .get(`${name}-container`)
      .dependencies.filter((one) => one.endsWith("-container") && one !== "mysql-container")
      .map((one) => one.replace(/-container$/, ""));
    return before.some((one) => one === other || waitsFor(run, one, other));
  }
});
