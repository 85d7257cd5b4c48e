import type Docker from "dockerode";
import type { NetworkInspectInfo } from "dockerode";
import type { Properties } from "../provider";
import { attempt, attemptOrGone, DockerError } from "./dockerError";
import type { Kind } from "./kind";
import { bool, labels, map, set, str } from "./schema";
import { flag, isEmpty, labelList, labelMap, objects, same, text, textMap } from "./values";

/** docker.Network: every change replaces; a network of that name that is there already is refused, never taken over. */
export function networkKind(docker: Docker): Kind {
  const named = async (name: string): Promise<NetworkInspectInfo | undefined> => {
    const all = await attempt("list networks", () => docker.listNetworks());
    const found = all.find((one) => one.Name === name);
    return found && inspect(found.Id);
  };
  const inspect = (id: string) => attemptOrGone(`inspect network ${id}`, () => docker.getNetwork(id).inspect());

  return {
    type: "docker:index/network:Network",
    named: true,
    marksDefaults: true,
    fields: {
      name: str({ required: true }),
      driver: str(),
      ipamDriver: str({ default: "default" }),
      ipamOptions: map(),
      ipamConfigs: set({ fields: { subnet: str(), gateway: str(), ipRange: str(), auxAddress: map() }, key: "subnet" }),
      internal: bool(),
      attachable: bool(),
      ingress: bool(),
      ipv6: bool(),
      options: map(),
      labels: labels(),
    },
    async create(inputs) {
      const name = text(inputs, "name") ?? "";
      const foreign = await named(name);
      if (foreign) {
        throw new DockerError(
          `create network ${name}: a network of this name is there already (${foreign.Id.slice(0, 12)}) and not recorded ` +
            `in this stack; remove it (docker network rm ${name}), or choose another name`,
        );
      }
      const made = await attempt(`create network ${name}`, () =>
        docker.createNetwork(createOptions(name, inputs)),
      ).catch(async (error) => {
        throw await explainOverlap(docker, inputs, error);
      });
      const found = await inspect(made.id);
      if (!found) {
        throw new DockerError(`create network ${name}: it was gone right after its creation; run again`);
      }
      return { id: found.Id, outputs: outputsOf(found, inputs) };
    },
    async read(existing) {
      const found = await inspect(existing.id);
      if (!found) {
        return undefined;
      }
      const outputs = outputsOf(found, existing.inputs);
      const { name, driver, ipamConfigs, labels } = outputs;
      const imported = {
        name: name ?? null,
        driver: driver ?? null,
        ipamConfigs: ipamConfigs ?? [],
        labels: labels ?? [],
      };
      return { inputs: isEmpty(existing.inputs) ? imported : existing.inputs, outputs };
    },
    async delete(existing) {
      const name = String(existing.outputs.name ?? existing.id);
      await attemptOrGone(`delete network ${name}`, () => docker.getNetwork(existing.id).remove());
    },
    async recover(inputs) {
      const found = await named(text(inputs, "name") ?? "");
      return found && matches(inputs, found)
        ? { id: found.Id, outputs: outputsOf(found, inputs), complete: true }
        : undefined;
    },
  };
}

function createOptions(name: string, inputs: Properties) {
  return {
    Name: name,
    CheckDuplicate: true,
    Driver: text(inputs, "driver"),
    EnableIPv6: flag(inputs, "ipv6") ?? false,
    Internal: flag(inputs, "internal") ?? false,
    Attachable: flag(inputs, "attachable") ?? false,
    Ingress: flag(inputs, "ingress") ?? false,
    Options: textMap(inputs, "options"),
    Labels: labelMap(inputs),
    IPAM: {
      Driver: text(inputs, "ipamDriver") ?? "default",
      Options: isEmpty(inputs.ipamOptions) ? undefined : textMap(inputs, "ipamOptions"),
      Config: objects(inputs, "ipamConfigs").map((config) => ({
        Subnet: text(config, "subnet"),
        Gateway: text(config, "gateway"),
        IPRange: text(config, "ipRange"),
        AuxiliaryAddresses: isEmpty(config.auxAddress) ? undefined : textMap(config, "auxAddress"),
      })),
    },
  };
}

async function explainOverlap(docker: Docker, inputs: Properties, error: unknown): Promise<unknown> {
  if (!(error instanceof DockerError) || !/overlaps with other one/i.test(error.message)) {
    return error;
  }
  const networks = await docker.listNetworks().catch(() => []);
  const used = networks.flatMap((one) => (one.IPAM?.Config ?? []).map((config) => `${one.Name} ${config.Subnet}`));
  const wanted = objects(inputs, "ipamConfigs")
    .map((config) => text(config, "subnet"))
    .join(", ");
  return new DockerError(
    `create network ${text(inputs, "name")}: the subnet ${wanted} overlaps with one that this Docker engine uses already ` +
      `(${used.join("; ")}); choose a free one in the settings, or remove the network that is no longer used`,
    error.status,
  );
}

function outputsOf(network: NetworkInspectInfo, inputs: Properties): Properties {
  const configs = network.IPAM?.Config ?? [];
  return {
    __meta: '{"schema_version":"1"}',
    attachable: network.Attachable,
    driver: network.Driver,
    id: network.Id,
    ingress: network.Ingress,
    internal: network.Internal,
    ipamConfigs: configs.map((config) => ({
      auxAddress: (config.AuxiliaryAddresses ?? {}) as Record<string, string>,
      gateway: config.Gateway ?? "",
      ipRange: config.IPRange ?? "",
      subnet: config.Subnet ?? "",
    })),
    ipamDriver: network.IPAM?.Driver ?? "default",
    ipamOptions: textMap(inputs, "ipamOptions"),
    ipv6: network.EnableIPv6,
    labels: labelList(network.Labels),
    name: network.Name,
    options: network.Options ?? {},
    scope: network.Scope,
  };
}

function matches(inputs: Properties, network: NetworkInspectInfo): boolean {
  const wanted = createOptions(network.Name, inputs);
  const subnets = (configs: readonly { Subnet?: string }[] | undefined) =>
    (configs ?? []).map((one) => one.Subnet ?? "").sort();
  const wantedSubnets = subnets(wanted.IPAM.Config);
  return (
    same(wanted.Labels, network.Labels ?? {}) &&
    (wanted.Driver ?? "bridge") === network.Driver &&
    wanted.Internal === network.Internal &&
    wanted.EnableIPv6 === network.EnableIPv6 &&
    (wantedSubnets.length === 0 || same(wantedSubnets, subnets(network.IPAM?.Config)))
  );
}
