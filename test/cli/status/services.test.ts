import assert from "node:assert/strict";
import { containersIn } from "../../../cli/status/containers";
import { statusOf } from "../../../cli/status/services";

type Task = Parameters<typeof statusOf>[0][number];

const machines = new Map(
  [
    ["a", "alpha", "ready"],
    ["b", "beta", "ready"],
    ["c", "gamma", "down"],
  ].map(([ID = "", Hostname = "", State = ""]) => [ID, { ID, Description: { Hostname }, Status: { State } }]),
);
const task = (created: number, machine: string, state: string, wanted = "running", error?: string): Task => ({
  NodeID: machine,
  CreatedAt: `2026-11-30T10:00:0${created}Z`,
  DesiredState: wanted,
  Status: { State: state, ...(error && { Err: error }) },
});

describe("status: services", () => {
  it("a service whose tasks all run is healthy; the machines are named", () => {
    assert.deepEqual(statusOf([task(1, "a", "running")], machines, 1), {
      state: "running",
      health: "healthy",
      restarts: 0,
      machine: "alpha",
    });
    assert.equal(statusOf([task(1, "b", "running"), task(2, "a", "running")], machines, 2).machine, "alpha, beta");
  });

  it("failed tasks before the one that runs are restarts", () => {
    const tasks = [
      task(1, "a", "failed", "shutdown", "task: non-zero exit (1)"),
      task(2, "b", "rejected", "shutdown", "no such image"),
      task(3, "a", "running"),
      task(0, "a", "shutdown", "shutdown"),
    ];
    const status = statusOf(tasks, machines, 1);
    assert.deepEqual([status.health, status.restarts, status.note], ["healthy", 2, undefined]);
  });

  it("a task that starts is not healthy; the note is why the last one failed", () => {
    const tasks = [task(1, "a", "failed", "shutdown", "task: non-zero exit (1)"), task(2, "b", "starting")];
    assert.deepEqual(statusOf(tasks, machines, 1), {
      state: "starting",
      health: "unhealthy",
      restarts: 1,
      machine: "beta",
      note: "task: non-zero exit (1)",
    });
  });

  it("a task that no machine may run: the note is Swarm's reason", () => {
    const { state, health, note } = statusOf([task(1, "", "pending", "running", "no suitable node")], machines, 1);
    assert.deepEqual([state, health, note], ["pending", "unhealthy", "no suitable node"]);
  });

  it("a task on a machine that is down does not run, whatever was last reported of it", () => {
    const { health, machine, note } = statusOf([task(1, "c", "running")], machines, 1);
    assert.deepEqual([health, machine, note], ["unhealthy", "gamma", "gamma is down"]);
    assert.equal(statusOf([task(1, "c", "running"), task(2, "a", "running")], machines, 1).machine, "alpha");
  });

  it("several tasks: how many of them run", () => {
    const { state, health } = statusOf([task(1, "a", "running"), task(2, "b", "preparing")], machines, 2);
    assert.deepEqual([state, health], ["1/2 run", "unhealthy"]);
  });

  it("without any task", () => {
    assert.deepEqual(statusOf([], machines, 1), { state: "no task", health: "unhealthy", restarts: 0 });
  });

  it("a service that somebody has scaled to none is not healthy", () => {
    assert.deepEqual(statusOf([task(1, "a", "complete", "shutdown")], machines, 0), {
      state: "no task",
      health: "unhealthy",
      restarts: 0,
      note: "scaled to none: refresh, then up, starts it",
    });
  });

  it("count as created by an engine, like containers", () => {
    const resource = (type: string, name: string, exists = true) => ({ type, exists, outputs: { name } });
    const resources = [
      resource("docker:index/container:Container", "one"),
      resource("docker:index/service:Service", "two"),
      resource("docker:index/service:Service", "three", false),
      resource("docker:index/serviceConfig:ServiceConfig", "four"),
    ] as unknown as Parameters<typeof containersIn>[0];
    assert.deepEqual([...containersIn(resources)], ["one", "two"]);
  });
});
