/** docker.Network: each change replaces the network; an existing network with the same name is refused. */

import { setTimeout as sleep } from "node:timers/promises";
import type { NetworkArgs } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import type Docker from "dockerode";
import type { NetworkCreateOptions, NetworkInspectInfo } from "dockerode";
import type { Properties } from "../../provider";
import { isEmpty } from "../../values";
import { defined, type Functions, type Kind } from "../kind";
import { bool, each, type Fields, map, set, str } from "../schema";
import { covers, labels, outputsOf as outputsFrom, toApi } from "./api";
import { attempt, attemptOrGone, DockerError, foreign } from "./error";

type Inputs = Unwrap<NetworkArgs> & { readonly name: string };

const POLL_MS = 250;
const SWARM_LIMIT_MS = 30_000;

const reported = { reported: true };
const computed = true;
const flag = { ...reported, sent: false };
const text = { absent: "" };
const ipamConfigs = set({
  key: "subnet",
  fields: {
    subnet: str(text),
    gateway: str(text),
    ipRange: str({ ...text, api: "IPRange" }),
    auxAddress: map({ api: "AuxiliaryAddresses" }),
  },
  api: "IPAM.Config",
  computed,
});
const fields: Fields = {
  name: str({ required: true, ...reported }),
  driver: str({ ...reported, computed }),
  ipamDriver: str({ default: "default", api: "IPAM.Driver", ...reported }),
  ipamOptions: map({ api: "IPAM.Options" }),
  ipamConfigs,
  internal: bool({ ...flag, computed }),
  ...each(["attachable", "ingress"], bool(flag)),
  ipv6: bool({ ...flag, api: "EnableIPv6" }),
  options: map({ ...reported, sent: {}, computed }),
  labels: { ...labels, ...reported, sent: {} },
};

// While Swarm removes a network, deleting it again is answered by status 500 with this text in place of 404.
const isUnknown = ({ message }: DockerError) => /^delete network .*: network \S+ not found/i.test(message);

// Listed, because inspecting by name also finds networks whose id starts with that text.
const namedIn = (docker: Docker) => async (name: string) => {
  const all = await attempt("list networks", docker.listNetworks());
  return all.find(({ Name }) => Name === name);
};

/** docker.getNetwork: a network that exists on this Docker engine. */
export function networkFunctions(docker: Docker): Functions {
  return {
    async "docker:index/getNetwork:getNetwork"(args) {
      const found = await namedIn(docker)(String(args.name));
      if (!found) throw new DockerError(`network ${args.name}: not found on this Docker engine`);
      const { Name: name, Id: id, Driver: driver, Internal: internal, Options: options, Scope: scope } = found;
      const ipamConfigs = (found.IPAM?.Config ?? []).map(({ Subnet: subnet, Gateway: gateway, IPRange: ipRange }) =>
        defined({ subnet, gateway, ipRange }),
      );
      return defined({ containers: [], name, driver, internal, ipamConfigs, options: options ?? {}, id, scope });
    },
  };
}

export function networkKind(docker: Docker): Kind<Inputs> {
  const inspect = (id: string) => attemptOrGone(`inspect network ${id}`, docker.getNetwork(id).inspect());
  const named = namedIn(docker);
  const request = (inputs: Inputs) => toApi(fields, inputs) as unknown as NetworkCreateOptions;

  /** The network; one of a swarm when Swarm has chosen its subnet and options. */
  async function settled(id: string, name: string): Promise<NetworkInspectInfo> {
    for (const until = Date.now() + SWARM_LIMIT_MS; ; ) {
      const found = await attempt(`inspect network ${name}`, docker.getNetwork(id).inspect());
      if (found.Scope !== "swarm" || !isEmpty(found.IPAM?.Config) || Date.now() >= until) return found;
      await sleep(POLL_MS);
    }
  }

  return {
    type: "docker:index/network:Network",
    named: true,
    fields,
    async refuseForeign({ name }) {
      const found = await named(name);
      if (found) throw foreign("network", name, "docker network rm", found.Id);
    },
    async create(inputs) {
      const { name } = inputs;
      const made = docker.createNetwork({ ...request(inputs), CheckDuplicate: true });
      const { id } = await attempt(`create network ${name}`, made).catch(async (error: DockerError) => {
        throw await explainOverlap(docker, inputs, error);
      });
      return { id, outputs: outputsOf(await settled(id, name), inputs) };
    },
    async read({ id, inputs }) {
      const found = await inspect(id);
      if (!found) return undefined;
      const outputs = outputsOf(found, inputs, true);
      const { name, driver, ipamConfigs, labels } = outputs;
      return { ...(isEmpty(inputs) && { inputs: { name, driver, ipamConfigs, labels } }), outputs };
    },
    async delete({ id, outputs }, { signal }) {
      const name = outputs.name ?? id;
      const remove = () => attemptOrGone(`delete network ${name}`, docker.getNetwork(id).remove(), isUnknown);
      if (outputs.scope !== "swarm") return void (await remove());
      // Endpoints of tasks that have just ended stay for a while, and so does the network on this node.
      for (const until = Date.now() + SWARM_LIMIT_MS; ; ) {
        const failed = await remove().then(
          () => undefined,
          (error: DockerError) => error,
        );
        if (failed && (Date.now() >= until || !/active endpoints|in use by task/i.test(failed.message))) throw failed;
        if (!failed && (Date.now() >= until || !(await inspect(id)))) return;
        await sleep(POLL_MS, undefined, { signal });
      }
    },
    async recover(inputs) {
      const found = await named(inputs.name);
      const ours = found && covers(found, request(inputs));
      return ours ? { id: found.Id, outputs: outputsOf(found, inputs) } : undefined;
    },
  };
}

const outputsOf = (found: NetworkInspectInfo, inputs: Inputs, read = false): Properties => ({
  ...outputsFrom(fields, found, inputs, read),
  // What Docker chose is recorded only if nothing was given: it adds gateways.
  ...(isEmpty(inputs.ipamConfigs) && outputsFrom({ ipamConfigs }, found, {}, read)),
  __meta: '{"schema_version":"1"}',
  id: found.Id,
  scope: found.Scope,
});

async function explainOverlap(docker: Docker, inputs: Inputs, error: DockerError): Promise<DockerError> {
  if (!/overlaps with other one/i.test(error.message)) return error;
  const networks = await docker.listNetworks().catch(() => []);
  const used = networks.flatMap((one) => (one.IPAM?.Config ?? []).map(({ Subnet }) => `${one.Name} ${Subnet}`));
  const wanted = (inputs.ipamConfigs ?? []).map(({ subnet }) => subnet).join(", ");
  return new DockerError(
    `create network ${inputs.name}: the subnet ${wanted} overlaps with a network of this Docker engine ` +
      `(${used.join("; ")}); choose a free subnet in the settings, or remove a network that is no longer used`,
    error.status,
  );
}
