/**
 * Runs a machine with a container until it is ended: the tests of what ends machines start it as a process of its own.
 * Writes the name of its network interface when the container runs.
 */

import { interfaceName } from "./lab";
import { startMachines } from "./machines";
import { importTinyImage } from "./tinyImage";

async function run(): Promise<void> {
  const { machines } = await startMachines({ count: 1 });
  for (const machine of machines) {
    await importTinyImage(machine, "tiny:1");
    const container = await machine.docker.createContainer({ Image: "tiny:1", Cmd: ["sleep", "600"] });
    await container.start();
  }
  console.log(interfaceName);
}

void run();
