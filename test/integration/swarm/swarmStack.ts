import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { projectImage } from "../../../images/contexts";
import { buildImage, hasImage, ignoreMissing } from "../containers";
import { projectDirectory, TestStack } from "../testStack";
import { eventually } from "../waiting";
import { addressPrefix } from "./lab";
import type { Machine } from "./machine";
import { type MachinesOptions, type Swarm, startMachines } from "./machines";

/** At which the machines, and the containers on them, reach this process. */
export const ownAddressForMachines = `${addressPrefix()}.254`;

/** Where MySQL runs: not the first machine, which is the first leader of the managers. */
export const databaseMachine = "machine-2";
/** What a deployment leaves on purpose: MySQL's data and, without a shared directory, the deployed APIs. */
const keptVolume = /-(mysql-data|gateway-synapse-configs)-[0-9a-f]{8}$/;

/** The labels of machines that a deployment with the standard placement needs. */
export function standardLabels(count: number): Record<string, Record<string, string>> {
  const names = Array.from({ length: count }, (_, index) => `machine-${index + 1}`);
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        "apim.loadbalancer": "true",
        ...(name === databaseMachine && { "apim.mysql": "true", "apim.gateway": "true" }),
      },
    ]),
  );
}

/** What an engine answers about a service. */
interface ServiceDescription {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly Spec: {
    readonly Name: string;
    readonly TaskTemplate: {
      readonly ContainerSpec: {
        readonly Secrets?: readonly { readonly SecretName: string }[];
        readonly Configs?: readonly { readonly ConfigName: string }[];
      };
    };
  };
}

/**
 * A stack of services on machines of its own, which the commands reach through one of the managers. The machines have no
 * way to the internet: they get the images from this computer's main engine.
 */
export class SwarmStack extends TestStack {
  private started: Swarm | undefined;
  private shared: string | undefined;
  private chosen: Machine | undefined;
  private images: string[] = [];

  get swarm(): Swarm {
    return this.started ?? assert.fail("the machines are not started");
  }

  get machines(): readonly Machine[] {
    return this.swarm.machines;
  }

  /** The manager on which the commands run. */
  get manager(): Machine {
    return this.chosen ?? this.machine("machine-1");
  }

  machine(name: string): Machine {
    return this.machines.find((each) => each.name === name) ?? assert.fail(`no machine ${name}`);
  }

  /** A directory that all machines see, as if they mounted it from a file server. */
  get sharedDirectory(): string {
    if (this.shared === undefined) {
      this.shared = fs.mkdtempSync(path.join(os.tmpdir(), "apim-swarm-shared-"));
      // The product's user in the containers writes it.
      fs.chmodSync(this.shared, 0o777);
    }
    return this.shared;
  }

  /** Starts the machines and copies the images to the first one. */
  async startMachines(options: MachinesOptions = {}): Promise<void> {
    this.images = await projectImages();
    const labels = standardLabels(options.count ?? 3);
    this.started = await startMachines({ labels, ...options });
    this.set({
      publishAddress: undefined,
      managementPort: undefined,
      platform: "swarm",
      // It has no TLS.
      imageRegistry: `http://${this.swarm.registry}`,
      distribution: "stand-in",
    });
    await this.useManager("machine-1");
  }

  /** Runs the commands on this machine from now on. */
  async useManager(name: string): Promise<void> {
    const machine = this.machine(name);
    for (const image of this.images) {
      if (await ignoreMissing(machine.docker.getImage(image).inspect())) continue;
      await machine.loadImage(image);
      const [repo = "", tag = ""] = image.split(":");
      // The base of an image is only used to build it.
      if (!repo.includes("/base-"))
        await machine.docker.getImage(image).tag({ repo: `${this.swarm.registry}/${repo}`, tag });
    }
    this.chosen = machine;
  }

  override environment(): Record<string, string> {
    return { ...super.environment(), DOCKER_HOST: this.manager.dockerHost };
  }

  /** Runs a command that must succeed. @returns what it printed */
  async succeed(command: string, ...args: string[]): Promise<string> {
    const { status, output } = await this.run(command, ...args);
    assert.equal(status, 0, output);
    return output;
  }

  /** The services of the stack by name, without the stack's prefix. */
  async services(): Promise<Map<string, ServiceDescription>> {
    const found = (await this.manager.docker.listServices({
      filters: this.filters,
    })) as unknown as ServiceDescription[];
    return new Map(found.map((service) => [service.Spec.Name.slice(this.prefix.length + 1), service]));
  }

  private get filters() {
    return { label: [`wso2.apim.stack=${this.prefix}`] };
  }

  /** The services, secrets, configs, networks and containers of the stack on all machines, and its volumes. */
  async objects(): Promise<{ readonly objects: string[]; readonly volumes: string[] }> {
    const { docker } = this.manager;
    const filters = this.filters;
    const [services, secrets, configs] = await Promise.all([
      docker.listServices({ filters }),
      docker.listSecrets({ filters }),
      docker.listConfigs({ filters }),
    ]);
    const objects = [
      ...services.map(({ Spec }) => `service ${Spec?.Name}`),
      ...secrets.map(({ Spec }) => `secret ${Spec?.Name}`),
      ...configs.map(({ Spec }) => `config ${Spec?.Name}`),
    ];
    const onMachines = await Promise.all(this.machines.map((machine) => this.objectsOn(machine)));
    return {
      objects: [...objects, ...onMachines.flatMap((each) => each.objects)].sort(),
      volumes: onMachines.flatMap((each) => each.volumes).sort(),
    };
  }

  private async objectsOn({ name, docker }: Machine): Promise<{ objects: string[]; volumes: string[] }> {
    const [containers, networks, volumes] = await Promise.all([
      docker.listContainers({ all: true, filters: { name: [`^/${this.prefix}-`] } }),
      docker.listNetworks({ filters: this.filters }),
      docker.listVolumes({ filters: this.filters }),
    ]);
    return {
      objects: [
        ...containers.map(({ Names }) => `container ${Names[0]} on ${name}`),
        ...networks.map(({ Name }) => `network ${Name} on ${name}`),
      ],
      volumes: volumes.Volumes.map(({ Name }) => `${Name} on ${name}`),
    };
  }

  /** What a deployment must not leave. */
  override async leftovers(): Promise<string[]> {
    if (this.started === undefined) return [];
    const isKept = (volume: string) => keptVolume.test(volume.split(" ")[0] ?? "");
    const find = async () => {
      const { objects, volumes } = await this.objects();
      return [...objects, ...volumes.filter((volume) => !isKept(volume)).map((volume) => `volume ${volume}`)];
    };
    // A machine removes the containers of a deleted service a moment after the manager has forgotten its tasks.
    await eventually("nothing is left", async () => (await find()).length === 0, { seconds: 30 }).catch(
      () => undefined,
    );
    return find();
  }

  /** Destroys the stack, and removes the machines. */
  override async dispose(): Promise<void> {
    try {
      if (this.started) await super.dispose();
    } finally {
      await this.started?.stop();
      if (this.shared !== undefined) fs.rmSync(this.shared, { recursive: true, force: true });
    }
  }
}

/** The images of a stand-in deployment, built on the main engine if they are missing there. */
async function projectImages(): Promise<string[]> {
  const images = (["standin", "mysql", "loadbalancer"] as const).map((name) => projectImage(name));
  for (const { name, context = "" } of images)
    if (!(await hasImage(name))) await buildImage(path.join(projectDirectory, context), name);
  return ["wso2-apim/base-debian:bookworm", "wso2-apim/base-mysql:9", ...images.map(({ name }) => name)];
}
