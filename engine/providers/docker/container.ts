/** docker.Container: creates it, joins its networks, uploads its files, starts it and waits until it is healthy. */

import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Container, ContainerCreateOptions } from "dockerode";
import { type Context, PartialCreateError, type Properties, type Value } from "../../provider";
import { isEmpty, same } from "../../values";
import type { Kind } from "../kind";
import { toApi } from "./api";
import { createOptions, driftedInputs, importedInputs, limitsOf, matchesInputs, outputsOf } from "./containerState";
import { checkContainer, containerFields, type Inputs, networkFields } from "./containerTable";
import { waitUntilHealthy } from "./containerWait";
import { attempt, attemptOrGone, type DockerError, foreign, LIMIT_MS } from "./error";
import { type IdOffsets, idOffsets, uploadsNow, uploadTar } from "./uploads";

/** @param dir the directory that relative sources of uploads start from */
export function containerKind(docker: Docker, dir: string): Kind<Inputs> {
  const inspect = (id: string) => attemptOrGone(`inspect container ${id}`, docker.getContainer(id).inspect());

  let offsets: Promise<IdOffsets> | undefined;
  const engineOffsets = () => (offsets ??= attempt("docker info", docker.info()).then(idOffsets));

  async function create(inputs: Inputs): Promise<Container> {
    const { name, platform } = inputs;
    // Separate, because dockerode would otherwise repeat the body in the URL, and Docker engines may log URLs with secrets.
    const request = { _query: platform ? { name, platform } : { name }, _body: createOptions(inputs) };
    return attempt(`create container ${name}`, docker.createContainer(request as ContainerCreateOptions));
  }

  async function prepare(container: Container, inputs: Inputs): Promise<void> {
    const { networksAdvanced = [], networkMode = "bridge" } = inputs;
    const Container = container.id;
    if (networksAdvanced.length > 0 && networkMode === "bridge")
      await attempt("leave network bridge", docker.getNetwork("bridge").disconnect({ Container }));
    for (const network of networksAdvanced) {
      const endpoint = { Container, EndpointConfig: toApi(networkFields, network) };
      await attempt(`join network ${network.name}`, docker.getNetwork(network.name).connect(endpoint));
    }
    const files = await uploadTar(dir, inputs.uploads);
    if (files) await attempt("upload files", container.putArchive(files, { path: "/" }));
  }

  async function start(container: Container, inputs: Inputs, context: Context): Promise<void> {
    if (inputs.start === false) return;
    await attempt("start", container.start());
    if (inputs.wait) await waitUntilHealthy(container, inputs, context);
  }

  async function finish(container: Container, inputs: Inputs, context: Context) {
    try {
      await prepare(container, inputs);
      await start(container, inputs, context);
      const found = await attempt("inspect", container.inspect());
      return { id: container.id, outputs: outputsOf(found, inputs) };
    } catch (error) {
      const message = `container ${inputs.name}: ${(error as Error).message}`;
      const found = await inspect(container.id).catch(() => undefined);
      throw new PartialCreateError(message, container.id, found ? outputsOf(found, inputs) : {});
    }
  }

  return {
    type: "docker:index/container:Container",
    named: true,
    // A container contains nothing that has to be kept.
    replacesBroken: true,
    fields: containerFields,
    validate: checkContainer,
    async refuseForeign({ name }) {
      const found = await inspect(name);
      // Compared, because inspecting also finds a container whose id starts with `name`.
      if (found?.Name === `/${name}`) throw foreign("container", name, "docker rm -f", found.Id);
    },
    create: async (inputs, context) => finish(await create(inputs), inputs, context),
    async read({ id, inputs }) {
      const found = await inspect(id);
      if (!found) return undefined;
      const outputs = outputsOf(found, inputs, true);
      if (isEmpty(inputs)) return { inputs: importedInputs(outputs), outputs };
      const drifted = driftedInputs(found, inputs);
      const uploads = await uploadsNow(docker.getContainer(id), dir, engineOffsets, inputs.uploads);
      const now: Properties = { ...drifted, uploads: uploads as Value };
      // Drift is reported in the outputs, and Docker does not report these.
      const differing = (["mustRun", "networksAdvanced", "uploads"] as const).filter(
        (key) => !same(now[key], inputs[key]),
      );
      const changed = Object.fromEntries(differing.map((key) => [key, now[key] ?? null]));
      return { inputs: { ...drifted, ...changed }, outputs: { ...outputs, ...changed } };
    },
    async update({ id, inputs: olds }, news, context) {
      const container = docker.getContainer(id);
      const limits = limitsOf(news);
      if (!same(limitsOf(olds), limits)) {
        // Docker's default at creation; the old value would stay, and may be less than the new memory limit.
        if (typeof limits.Memory === "number" && !limits.MemorySwap) limits.MemorySwap = 2 * limits.Memory;
        await attempt(`update limits of container ${news.name}`, container.update(limits));
      }
      const before = await inspect(id);
      if (before && !before.State.Running && news.mustRun !== false) await start(container, news, context);
      return outputsOf(await attempt(`inspect container ${news.name}`, container.inspect()), news);
    },
    async delete({ id, inputs }, context) {
      const { name = id, destroyGraceSeconds: grace = 0, removeVolumes = true } = inputs;
      const container = docker.getContainer(id);
      const isStopped = ({ status }: DockerError) => status === 304;
      const limit = LIMIT_MS + grace * 1000;
      if (grace > 0) await attemptOrGone(`stop container ${name}`, container.stop({ t: grace }), isStopped, limit);
      const inProgress = ({ status, message }: DockerError) => status === 409 && /in progress/i.test(message);
      await attemptOrGone(`delete container ${name}`, container.remove({ v: removeVolumes, force: true }), inProgress);
      for (const until = Date.now() + 30_000; Date.now() < until && (await inspect(id)); )
        await sleep(200, undefined, { signal: context.signal });
    },
    async recover(inputs) {
      const found = await inspect(inputs.name);
      if (!found || !matchesInputs(inputs, found)) return undefined;
      // Files are uploaded before the start, so a running container has them.
      const complete = found.State.Running && (!inputs.wait || found.State.Health?.Status === "healthy");
      return { id: found.Id, outputs: outputsOf(found, inputs), complete };
    },
  };
}
