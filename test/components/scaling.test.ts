import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { type Recording, runProgram } from "./recorder";

type Settings = Record<string, string>;

interface Change {
  readonly from?: Settings;
  readonly to: Settings;
  readonly added?: readonly string[];
  readonly removed?: readonly string[];
  /** One after another. */
  readonly rolling?: readonly string[];
  /** Besides those. */
  readonly replaced?: readonly string[];
}

const nodes = ["gateway-1", "keymanager-1", "publisher-1", "store-1"];

/** docs/operations.md, "Changing and scaling". */
const changes: readonly Change[] = [
  {
    to: { gatewayReplicas: "3" },
    added: ["gateway-2", "gateway-3"],
    rolling: ["gateway-3", "gateway-2", "loadbalancer", "gateway-1"],
  },
  {
    from: { gatewayReplicas: "2" },
    to: { gatewayReplicas: "3" },
    added: ["gateway-3"],
    rolling: ["gateway-3", "gateway-2", "loadbalancer", "gateway-1"],
  },
  {
    from: { gatewayReplicas: "3" },
    to: { gatewayReplicas: "1" },
    removed: ["gateway-2", "gateway-3"],
    rolling: ["gateway-1", "loadbalancer"],
  },
  {
    to: { gatewayWorkers: "2" },
    added: ["gateway-worker-1", "gateway-worker-2"],
    rolling: ["gateway-worker-2", "loadbalancer", "gateway-worker-1", "gateway-1"],
  },
  {
    from: { gatewayReplicas: "3", jwt: "true" },
    to: { jwtHeader: "X-Caller" },
    rolling: ["gateway-3", "gateway-2", "gateway-1"],
    replaced: ["keymanager-1", "publisher-1"],
  },
  { to: { keyManagerReplicas: "2" }, added: ["keymanager-2"], replaced: [...nodes, "loadbalancer"] },
  {
    from: { keyManagerReplicas: "2" },
    to: { keyManagerReplicas: "3" },
    added: ["keymanager-3"],
    replaced: ["keymanager-1", "keymanager-2", "loadbalancer"],
  },
  {
    to: { publisherReplicas: "2", storeReplicas: "2" },
    added: ["publisher-2", "store-2"],
    replaced: ["publisher-1", "store-1", "loadbalancer"],
  },
];

describe("a change of the number of nodes", function () {
  this.timeout(120_000);
  this.slow(5000);

  for (const { from = {}, to, added = [], removed = [], rolling = [], replaced = [] } of changes)
    it(`${JSON.stringify(from)} -> ${JSON.stringify(to)} touches those that must know, and nobody else`, async () => {
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
      // What was published stays.
      assert.deepEqual(only(volumes(before), volumes(after)), []);
      // All that the preview shows of the outputs.
      const [told, telling] = [lines(before.outputs), lines(after.outputs)];
      const differing = [...only(told, telling), ...only(telling, told)].map((line) => line.split(": ")[0]);
      const expected = [
        // The topology: a setting that only files contain changes nothing there.
        ...(added.length + removed.length > 0 ? ["/layout"] : []),
        ...[...added, ...removed].map((name) => `/nodes/${name}`),
        ...Object.keys(to).map((name) => `/settings/${name}`),
      ];
      assert.deepEqual([...new Set(differing)].sort(), expected.sort());
    });

  /** Each value that is known with all names that lead to it. */
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

  /** All that replaces a container when it changes. */
  function decides(run: Recording, name: string): unknown[] {
    const files = run.all.filter((one) => one.name === `${name}-config`).map(({ inputs }) => inputs);
    const { uploads: _, ...rest } = run.get(`${name}-container`).inputs;
    return [...files, rest];
  }

  /** Directly, or by those that it waits for. */
  function waitsFor(run: Recording, name: string, other: string): boolean {
    const before = run
      .get(`${name}-container`)
      .dependencies.filter((one) => one.endsWith("-container") && one !== "mysql-container")
      .map((one) => one.replace(/-container$/, ""));
    return before.some((one) => one === other || waitsFor(run, one, other));
  }
});
