import assert from "node:assert/strict";
import path from "node:path";
import type { Machine } from "../swarm/machine";
import { startMachines } from "../swarm/machines";
import { importTinyImage } from "../swarm/tinyImage";

/** The program in fixtures/swarm. */
export const swarmProgram = path.join(__dirname, "../fixtures/swarm");

/** A swarm of one machine with the image of {@link swarmProgram}. */
export interface TinySwarm {
  readonly machine: Machine;
  /** What the program reads. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export async function startTinySwarm(): Promise<TinySwarm> {
  const swarm = await startMachines({ count: 1 });
  const [machine = assert.fail()] = swarm.machines;
  await importTinyImage(machine, "tiny:1");
  await machine.docker.getImage("tiny:1").tag({ repo: `${swarm.registry}/tiny`, tag: "1" });
  const environment = { SWARM_HOST: machine.dockerHost, SWARM_REGISTRY: swarm.registry };
  return { machine, environment, stop: () => swarm.stop() };
}
