/** docker.Service: creates and updates a Swarm service, and waits until its tasks run. */

import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Service, ServiceSpec } from "dockerode";
import { parseDuration } from "../../duration";
import { type Context, PartialCreateError, type Properties } from "../../provider";
import { actualInputs, matches, withComputed } from "../actual";
import type { Kind } from "../kind";
import { equivalent } from "../schema";
import { outputsOf as outputsFrom, toApi } from "./api";
import { attempt, attemptOrGone, foreign } from "./error";
import type { RegistryAuth } from "./registryAuth";
import { checkService, type Inputs, serviceFields } from "./serviceTable";
import { hasLivingTasks, runningSlots } from "./serviceTasks";
import { Interrupted, waitUntilConverged } from "./serviceWait";
import type { SwarmSecrets } from "./swarmSecrets";

const POLL_MS = 250;
/** How long Swarm takes to assign ports to a new service. */
const ENDPOINT_LIMIT_MS = 5_000;
/** How long the end of a task may take beyond its grace period. */
const END_LIMIT_MS = 30_000;
/** A registry that can't be reached must not hold up the create: the tag is used then. */
const REGISTRY_LIMIT_MS = 30_000;

type Port = NonNullable<NonNullable<Inputs["endpointSpec"]>["ports"]>[number];

interface Login {
  readonly username?: string;
  readonly password?: string;
  readonly serveraddress?: string;
}

const { taskSpec: taskSpecField } = serviceFields as { taskSpec: (typeof serviceFields)[string] };

export function serviceKind(docker: Docker, auth: RegistryAuth, secrets: SwarmSecrets): Kind<Inputs> {
  const inspect = (id: string): Promise<Service | undefined> =>
    attemptOrGone(`inspect service ${id}`, docker.getService(id).inspect());

  // Listed, because inspecting by name also finds services whose id starts with that text.
  async function named(name: string): Promise<Service | undefined> {
    const all = await attempt("list services", docker.listServices({ filters: { name: [name] } }));
    return (all as unknown as readonly Service[]).find(({ Spec }) => Spec?.Name === name);
  }

  const wait = (id: string, inputs: Inputs, context: Context) =>
    waitUntilConverged(docker, id, inputs, secrets.redact, context);

  /** The service when Swarm has chosen the ports that are not given. */
  async function settled(id: string, { name, endpointSpec }: Inputs): Promise<Service> {
    const isChosen = ({ publishMode, publishedPort }: Port) => publishMode !== "host" && !publishedPort;
    const chosen = endpointSpec?.ports?.some(isChosen) ?? false;
    for (const until = Date.now() + ENDPOINT_LIMIT_MS; ; ) {
      const found = (await attempt(`inspect service ${name}`, docker.getService(id).inspect())) as Service;
      if (!chosen || found.Endpoint?.Spec?.Mode || Date.now() >= until) return found;
      await sleep(POLL_MS);
    }
  }

  function loginFor({ auth: given, taskSpec }: Inputs): Login {
    if (given) {
      const { DOCKER_REGISTRY_USER = "", DOCKER_REGISTRY_PASS = "" } = process.env;
      const { serverAddress: serveraddress, username, password } = given;
      return {
        username: username || DOCKER_REGISTRY_USER,
        password: password || DOCKER_REGISTRY_PASS,
        serveraddress,
      };
    }
    const { image } = taskSpec.containerSpec;
    const found = image.includes("/") ? auth.for(image.split("/")[0] ?? "") : undefined;
    return found ? { username: found.username, password: found.password, serveraddress: found.url } : {};
  }

  /** As the Docker CLI and the official provider do: with the digest and the platforms that the registry reports. */
  async function resolved(inputs: Inputs, authconfig: Login): Promise<ServiceSpec> {
    const spec = specOf(inputs);
    const { image } = inputs.taskSpec.containerSpec;
    const { platforms = [] } = inputs.taskSpec.placement ?? {};
    if (image.includes("@") && platforms.length > 0) return spec;
    const asked = docker.getImage(image).distribution({ authconfig } as object);
    const found = await attempt(`registry of ${image}`, asked, REGISTRY_LIMIT_MS).catch(() => undefined);
    const { TaskTemplate: task } = spec as { TaskTemplate: { ContainerSpec: Properties; Placement: Properties } };
    const tagged = /:[^/]*$/.test(image) ? image : `${image}:latest`;
    if (!image.includes("@")) task.ContainerSpec.Image = found ? `${tagged}@${found.Descriptor.digest}` : tagged;
    const offered = (found?.Platforms ?? []) as readonly { architecture: string; os: string }[];
    if (offered.length > 0)
      task.Placement.Platforms = offered.map(({ architecture, os }) => ({ Architecture: architecture, OS: os }));
    return spec;
  }

  /** The new spec; what defines the tasks stays as it is if it is equivalent, so that they are not restarted. */
  function updated({ Spec }: Service, inputs: Inputs): ServiceSpec {
    const spec = specOf(inputs);
    const task = (one: ServiceSpec | undefined) => outputsFrom({ taskSpec: taskSpecField }, one ?? {}, {}).taskSpec;
    return equivalent(taskSpecField, task(Spec), task(spec)) ? { ...spec, TaskTemplate: Spec?.TaskTemplate } : spec;
  }

  /** Swarm itself may change the service meanwhile, which makes its version another one. */
  async function change(id: string, inputs: Inputs, attempts = 3): Promise<void> {
    const { name } = inputs;
    const found = (await attempt(`inspect service ${name}`, docker.getService(id).inspect())) as Service;
    const _query = { version: found.Version?.Index };
    const request = { authconfig: loginFor(inputs), _query, _body: updated(found, inputs) };
    await attempt(`update service ${name}`, docker.getService(id).update(request)).catch((error: Error) => {
      if (attempts > 1 && /out of sequence/i.test(error.message)) return change(id, inputs, attempts - 1);
      throw error;
    });
  }

  async function remove(id: string, name: string, { signal }: Context, grace = "0s"): Promise<void> {
    await attemptOrGone(`delete service ${name}`, docker.getService(id).remove());
    // What the tasks use (volumes, networks, ports) is free only when they have ended.
    const until = Date.now() + END_LIMIT_MS + (parseDuration(grace) ?? 0) / 1e6;
    while (!signal.aborted && Date.now() < until && (await hasLivingTasks(docker, id)))
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }

  return {
    type: "docker:index/service:Service",
    named: true,
    fields: serviceFields,
    secretOutputs: ["auth.password"],
    validate: checkService,
    async refuseForeign({ name }) {
      const found = await named(name);
      if (found) throw foreign("service", name, "docker service rm", found.ID);
    },
    async create(inputs, context) {
      const { name, taskSpec } = inputs;
      const login = loginFor(inputs);
      const made = docker.createService(login as object, await resolved(inputs, login));
      const { id } = await attempt(`create service ${name}`, made);
      await wait(id, inputs, context).catch(async (error: Error) => {
        const found = error instanceof Interrupted && (await inspect(id).catch(() => undefined));
        if (error instanceof Interrupted)
          throw new PartialCreateError(error.message, id, found ? outputsOf(found, inputs) : {});
        // As the official provider does.
        await remove(id, name, context, taskSpec.containerSpec.stopGracePeriod);
        throw new Error(
          `${error.message}\n  the service was deleted again; correct the cause and run the command again`,
        );
      });
      return { id, outputs: outputsOf(await settled(id, inputs), inputs) };
    },
    async read({ id, inputs }) {
      const found = await inspect(id);
      if (!found) return undefined;
      const outputs = outputsOf(found, inputs);
      return { inputs: actualInputs(serviceFields, inputs as unknown as Properties, outputs), outputs };
    },
    async update({ id, outputs }, news, context) {
      const inputs = withComputed(serviceFields, news as unknown as Properties, outputs) as unknown as Inputs;
      await change(id, inputs);
      await wait(id, news, context).catch(async (error: Error) => {
        const left = await inspect(id).catch(() => undefined);
        throw new PartialCreateError(error.message, id, left ? outputsOf(left, news) : outputs);
      });
      return outputsOf(await settled(id, news), news);
    },
    async delete({ id, inputs }, context) {
      const { name = id, taskSpec } = inputs;
      await remove(id, name, context, taskSpec?.containerSpec.stopGracePeriod);
    },
    async recover(inputs) {
      const found = await named(inputs.name);
      if (!found) return undefined;
      const outputs = outputsOf(found, inputs);
      const given = inputs as unknown as Properties;
      const differs = Object.keys(serviceFields).some(
        (key) => !matches(serviceFields[key] as typeof taskSpecField, given[key], outputs[key]),
      );
      if (differs) return undefined;
      const wanted = found.Spec?.Mode?.Replicated?.Replicas;
      const complete = !inputs.convergeConfig || (await runningSlots(docker, found.ID)) === wanted;
      return { id: found.ID, outputs, complete };
    },
  };
}

const specOf = (inputs: Inputs): ServiceSpec => toApi(serviceFields, inputs) as ServiceSpec;

/** All but `auth` and `convergeConfig` are what Docker reports, as in the official provider. */
function outputsOf(found: Service, inputs: Inputs): Properties {
  const { Spec = {}, Endpoint } = found;
  // The endpoint has the ports that Swarm chose, but only after a while.
  const EndpointSpec = Endpoint?.Spec?.Mode ? { Mode: Endpoint.Spec.Mode, Ports: Endpoint.Ports } : Spec.EndpointSpec;
  return {
    ...outputsFrom(serviceFields, { ...Spec, EndpointSpec }, inputs),
    __meta: '{"schema_version":"2"}',
    id: found.ID,
  };
}
