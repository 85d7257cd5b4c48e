import * as pulumi from "@pulumi/pulumi";
import type { DeploymentPlan } from "../plan";
import { dockerSocket } from "../plan/dockerHost";
import { roleRecords } from "../product/roles";
import {
  type CheckService,
  checkMachines,
  type MachineNeeds,
  type Place,
  removeMachineCheck,
} from "../services/checkMachines";
import { parseImageRegistry } from "../settings/imageRegistry";
import { stackLabelName, type Topology } from "../topology";

/** Arguments of {@link MachineCheck}. */
export interface MachineCheckArgs {
  readonly plan: DeploymentPlan;
  /** The nodes' image, with its digest. */
  readonly image: pulumi.Input<string>;
  /** Of the registry's user. */
  readonly registryPassword?: pulumi.Input<string>;
}

interface Inputs extends MachineNeeds {
  /** The names of all machines: one that joins is checked too. */
  readonly machines: readonly string[];
}

type Checked = Pick<Inputs, "image" | "places" | "machines">;

function checked({ image, places, machines }: Checked): Checked {
  return { image, places, machines };
}

const provider: pulumi.dynamic.ResourceProvider<Inputs, Checked> = {
  async create(inputs) {
    await checkMachines(inputs);
    return { id: inputs.name, outs: checked(inputs) };
  },
  async update(_id, _olds, news) {
    await checkMachines(news);
    return { outs: checked(news) };
  },
  async diff(_id, olds, news) {
    return { changes: JSON.stringify(checked(olds)) !== JSON.stringify(checked(news)) };
  },
};

function described({ socket, name, label }: CheckService): CheckService {
  return { ...(socket !== undefined && { socket }), name, label };
}

const removal: pulumi.dynamic.ResourceProvider<CheckService, CheckService> = {
  async create(inputs) {
    return { id: inputs.name, outs: described(inputs) };
  },
  async update(_id, _olds, news) {
    return { outs: described(news) };
  },
  // The code of this provider, which is among the inputs, may change.
  async diff(_id, olds, news) {
    return { changes: JSON.stringify(described(olds)) !== JSON.stringify(described(news)) };
  },
  async delete(_id, service) {
    await removeMachineCheck(service);
  },
};

/**
 * Removes the service of a check that was killed, when the stack is destroyed. It is in the state before the check begins;
 * the check itself is there only when it has succeeded.
 */
class MachineCheckRemoval extends pulumi.dynamic.Resource {
  constructor(name: string, service: CheckService, opts?: pulumi.CustomResourceOptions) {
    super(removal, name, service, opts);
  }
}

/**
 * Checks the machines of a swarm: each machine that may run a node must pull the nodes' image, and each that may run a
 * gateway must have the shared directory. The check runs before anything is created on the swarm, and again for another
 * image, directory, placement or machine. Deleting the resource changes nothing.
 */
export class MachineCheck extends pulumi.dynamic.Resource {
  constructor(name: string, { plan, image, registryPassword }: MachineCheckArgs, opts?: pulumi.CustomResourceOptions) {
    const { settings, topology, machines } = plan;
    const { host } = parseImageRegistry(settings.imageRegistry);
    const { imageRegistryUser: username } = settings;
    const service = serviceOf(topology);
    const inputs: { readonly [K in keyof Inputs]: pulumi.Input<Inputs[K]> } = {
      ...service,
      image,
      architecture: topology.architecture,
      ...(username !== "" && {
        login: pulumi.output({ username, password: pulumi.secret(registryPassword ?? ""), serveraddress: host }),
      }),
      places: placesOf(plan),
      machines: machines?.names.slice() ?? [],
    };
    const removed = new MachineCheckRemoval(`${name}-removal`, service, opts);
    super(provider, name, inputs, { ...opts, dependsOn: [removed] });
  }
}

function serviceOf({ prefix }: Topology): CheckService {
  const socket = dockerSocket();
  return { ...(socket !== undefined && { socket }), name: `${prefix}-machine-check`, label: [stackLabelName, prefix] };
}

/** Each combination of constraints once; with the directory if gateways have it. */
function placesOf({ settings, topology }: DeploymentPlan): Place[] {
  const places = new Map<string, Place>();
  for (const { role, constraints } of topology.nodes) {
    const key = constraints.join();
    const directory = roleRecords[role].servesApis ? settings.sharedDirectory : "";
    if (directory !== "" || !places.has(key)) places.set(key, { constraints, directory });
  }
  return [...places.values()];
}
