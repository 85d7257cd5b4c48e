/** docker.Container: created, joined to its networks, given its files, started, waited for. */

import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Container, ContainerCreateOptions } from "dockerode";
import { type Context, PartialCreateError, type Properties, type Value } from "../../provider";
import { isEmpty, same } from "../../values";
import type { Kind } from "../kind";
import { toApi } from "./api";
import { createOptions, driftedInputs, importedInputs, limitsOf, madeFrom, outputsOf } from "./containerState";
import { checkContainer, containerFields, type Inputs, networkFields } from "./containerTable";
import { lastLines, waitUntilHealthy } from "./containerWait";
import { attempt, attemptOrGone, type DockerError, foreign, LIMIT_MS } from "./error";
import { uploadsNow, uploadTar } from "./uploads";

export function containerKind(docker: Docker): Kind<Inputs> {
  const inspect = (id: string) => attemptOrGone(`inspect container ${id}`, docker.getContainer(id).inspect());

  async function create(inputs: Inputs): Promise<Container> {
    const { name, platform } = inputs;
    // Said apart, or dockerode repeats the body, secrets of the environment included, in the URL, which engines log.
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
    const files = await uploadTar(inputs.uploads);
    if (files) await attempt("upload files", container.putArchive(files, { path: "/" }));
  }

  /** Starts it and does what `attach` and `wait` say. */
  async function start(container: Container, inputs: Inputs, context: Context): Promise<Properties> {
    if (inputs.start === false) return {};
    await attempt("start", container.start());
    if (inputs.attach) {
      const ended = container.wait({ abortSignal: context.signal });
      const end = await attempt("wait for its end", ended, Number.POSITIVE_INFINITY);
      return {
        exitCode: end.StatusCode,
        containerLogs: inputs.logs ? await lastLines(container, inputs.tty ?? false) : null,
      };
    }
    if (inputs.wait) await waitUntilHealthy(container, inputs, context);
    return {};
  }

  async function finish(container: Container, inputs: Inputs, context: Context) {
    try {
      await prepare(container, inputs);
      const more = await start(container, inputs, context);
      const found = await attempt("inspect", container.inspect());
      return { id: container.id, outputs: { ...outputsOf(found, inputs), ...more } };
    } catch (error) {
      const message = `container ${inputs.name}: ${(error as Error).message}`;
      const found = await inspect(container.id).catch(() => undefined);
      throw new PartialCreateError(message, container.id, found ? outputsOf(found, inputs) : {});
    }
  }

  return {
    type: "docker:index/container:Container",
    named: true,
    // It holds nothing that is not made anew with it.
    replacesBroken: true,
    fields: containerFields,
    validate: checkContainer,
    async refuseForeign({ name }) {
      const there = await inspect(name);
      // Also found by the beginning of an id.
      if (there?.Name === `/${name}`) throw foreign("container", name, "docker rm -f", there.Id);
    },
    create: async (inputs, context) => finish(await create(inputs), inputs, context),
    async read({ id, inputs, outputs: recorded }) {
      const found = await inspect(id);
      if (!found) return undefined;
      const { exitCode = null, containerLogs = null } = recorded;
      const outputs = { ...outputsOf(found, inputs, true), exitCode, containerLogs };
      if (isEmpty(inputs)) return { inputs: importedInputs(outputs), outputs };
      const drifted = driftedInputs(found, inputs);
      const uploads = await uploadsNow(docker.getContainer(id), inputs.uploads);
      const now: Properties = { ...drifted, uploads: uploads as Value };
      // A refresh tells what differs in the outputs, and these are not Docker's to tell.
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
        // As at creation: what Docker chose then stays, and may be less than the memory by now.
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
      // 304 says that it does not run; removing it is right all the same.
      const idle = ({ status }: DockerError) => status === 304;
      const limit = LIMIT_MS + grace * 1000;
      if (grace > 0) await attemptOrGone(`stop container ${name}`, container.stop({ t: grace }), idle, limit);
      const underWay = ({ status, message }: DockerError) => status === 409 && /in progress/i.test(message);
      await attemptOrGone(`delete container ${name}`, container.remove({ v: removeVolumes, force: true }), underWay);
      for (const until = Date.now() + 30_000; Date.now() < until && (await inspect(id)); )
        await sleep(200, undefined, { signal: context.signal });
    },
    async recover(inputs) {
      const found = await inspect(inputs.name);
      if (!found || !madeFrom(inputs, found)) return undefined;
      // Its files were uploaded before it was started; one that waits for its health has to have it.
      const complete = found.State.Running && (!inputs.wait || found.State.Health?.Status === "healthy");
      return { id: found.Id, outputs: outputsOf(found, inputs), complete };
    },
  };
}
