/** docker.Network: every change replaces; one of that name that is there already is refused, never taken over. */

import type { NetworkArgs } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import type Docker from "dockerode";
import type { NetworkInspectInfo } from "dockerode";
import type { Properties } from "../provider";
import { isEmpty, same } from "../values";
import { attempt, attemptOrGone, DockerError, foreign } from "./dockerError";
import type { Kind } from "./kind";
import { labels, labelsForm } from "./labels";
import { bool, type Fields, map, recorded, set, str } from "./schema";

type Inputs = Unwrap<NetworkArgs> & { readonly name: string };

const ipamConfig: Fields = {
  subnet: str({ absent: "" }),
  gateway: str({ absent: "" }),
  ipRange: str({ absent: "" }),
  auxAddress: map(),
};
const fields: Fields = {
  name: str({ required: true }),
  driver: str(),
  ipamDriver: str({ default: "default" }),
  ipamOptions: map(),
  ipamConfigs: set({ fields: ipamConfig, key: "subnet" }),
  internal: bool(),
  attachable: bool(),
  ingress: bool(),
  ipv6: bool(),
  options: map(),
  labels: labels(),
};

export function networkKind(docker: Docker): Kind<Inputs> {
  const inspect = (id: string) => attemptOrGone(`inspect network ${id}`, docker.getNetwork(id).inspect());
  const named = async (name: string): Promise<NetworkInspectInfo | undefined> => {
    const all = await attempt("list networks", docker.listNetworks());
    const found = all.find((one) => one.Name === name);
    return found && inspect(found.Id);
  };

  return {
    type: "docker:index/network:Network",
    named: true,
    marksDefaults: true,
    fields,
    async create(inputs) {
      const { name } = inputs;
      const there = await named(name);
      if (there) throw foreign("network", name, "docker network rm", there.Id);
      const made = await attempt(`create network ${name}`, docker.createNetwork(request(inputs))).catch(
        async (error: DockerError) => {
          throw await explainOverlap(docker, inputs, error);
        },
      );
      const found = await attempt(`inspect network ${name}`, docker.getNetwork(made.id).inspect());
      return { id: found.Id, outputs: outputsOf(found, inputs, false) };
    },
    async read({ id, inputs }) {
      const found = await inspect(id);
      if (!found) return undefined;
      const outputs = outputsOf(found, inputs, true);
      const { name, driver, ipamConfigs, labels } = outputs;
      return { ...(isEmpty(inputs) && { inputs: { name, driver, ipamConfigs, labels } }), outputs };
    },
    async delete({ id, outputs }) {
      await attemptOrGone(`delete network ${outputs.name ?? id}`, docker.getNetwork(id).remove());
    },
    async recover(inputs) {
      const found = await named(inputs.name);
      const ours = found && matches(inputs, found);
      return ours ? { id: found.Id, outputs: outputsOf(found, inputs, false), complete: true } : undefined;
    },
  };
}

function request(inputs: Inputs) {
  return {
    Name: inputs.name,
    CheckDuplicate: true,
    Driver: inputs.driver,
    EnableIPv6: inputs.ipv6 ?? false,
    Internal: inputs.internal ?? false,
    Attachable: inputs.attachable ?? false,
    Ingress: inputs.ingress ?? false,
    Options: inputs.options ?? {},
    Labels: labelsForm.to(inputs.labels),
    IPAM: {
      Driver: inputs.ipamDriver ?? "default",
      Options: inputs.ipamOptions,
      Config: (inputs.ipamConfigs ?? []).map(({ subnet, gateway, ipRange, auxAddress }) => ({
        Subnet: subnet,
        Gateway: gateway,
        IPRange: ipRange,
        AuxiliaryAddresses: auxAddress,
      })),
    },
  };
}

async function explainOverlap(docker: Docker, inputs: Inputs, error: DockerError): Promise<DockerError> {
  if (!/overlaps with other one/i.test(error.message)) return error;
  const networks = await docker.listNetworks().catch(() => []);
  const used = networks.flatMap((one) => (one.IPAM?.Config ?? []).map(({ Subnet }) => `${one.Name} ${Subnet}`));
  const wanted = (inputs.ipamConfigs ?? []).map(({ subnet }) => subnet).join(", ");
  return new DockerError(
    `create network ${inputs.name}: the subnet ${wanted} overlaps with one that this Docker engine uses already ` +
      `(${used.join("; ")}); choose a free one in the settings, or remove the network that is no longer used`,
    error.status,
  );
}

function outputsOf(network: NetworkInspectInfo, inputs: Inputs, read: boolean): Properties {
  const configs = (network.IPAM?.Config ?? []).map(({ Subnet, Gateway, IPRange, AuxiliaryAddresses }) => ({
    subnet: Subnet ?? null,
    gateway: Gateway ?? null,
    ipRange: IPRange ?? null,
    auxAddress: (AuxiliaryAddresses as Record<string, string> | undefined) ?? null,
  }));
  return {
    __meta: '{"schema_version":"1"}',
    attachable: network.Attachable,
    driver: network.Driver,
    id: network.Id,
    ingress: network.Ingress,
    internal: network.Internal,
    ipamConfigs: recorded(set({ fields: ipamConfig }), configs, read),
    ipamDriver: network.IPAM?.Driver ?? "default",
    ipamOptions: recorded(map(), inputs.ipamOptions, read),
    ipv6: network.EnableIPv6,
    labels: labelsForm.from(network.Labels),
    name: network.Name,
    options: network.Options ?? {},
    scope: network.Scope,
  };
}

function matches(inputs: Inputs, network: NetworkInspectInfo): boolean {
  const wanted = request(inputs);
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
