import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Container, ContainerCreateOptions, ContainerInspectInfo } from "dockerode";
import { type Context, PartialCreateError, type Properties } from "../provider";
import { checkContainer, containerFields } from "./containerFields";
import { createOptions, endpointSettings, limits } from "./containerOptions";
import { driftedInputs, importedInputs, outputsOf } from "./containerState";
import { lastLines, waitUntilHealthy } from "./containerWait";
import { attempt, attemptOrGone, DockerError } from "./dockerError";
import type { Kind } from "./kind";
import { uploadsNow, uploadTar } from "./uploads";
import { flag, isEmpty, number, objects, same, text } from "./values";

/** docker.Container: created, joined to its networks, given its files, started, waited for. */
export function containerKind(docker: Docker): Kind {
  const inspect = (id: string) => attemptOrGone(`inspect container ${id}`, () => docker.getContainer(id).inspect());

  async function create(inputs: Properties): Promise<Container> {
    const { name, platform, ...body } = createOptions(inputs);
    // Said apart, or dockerode repeats the body, secrets of the environment included, in the URL, which engines log.
    const request = { _query: platform ? { name, platform } : { name }, _body: body };
    try {
      return await attempt(`create container ${name}`, () => docker.createContainer(request as ContainerCreateOptions));
    } catch (error) {
      const foreign =
        error instanceof DockerError && error.status === 409
          ? /by container "?([0-9a-f]{12})/.exec(error.message)
          : null;
      if (!foreign) {
        throw error;
      }
      throw new DockerError(
        `create container ${name}: a container of this name is there already (${foreign[1]}) and not recorded in this ` +
          `stack; remove it (docker rm -f ${name}), or choose another name`,
      );
    }
  }

  async function prepare(container: Container, inputs: Properties): Promise<void> {
    const networks = objects(inputs, "networksAdvanced");
    if (networks.length > 0 && text(inputs, "networkMode") === "bridge") {
      await attempt("leave network bridge", () => docker.getNetwork("bridge").disconnect({ Container: container.id }));
    }
    for (const network of networks) {
      const name = text(network, "name") ?? "";
      const endpoint = { Container: container.id, EndpointConfig: endpointSettings(network) };
      await attempt(`join network ${name}`, () => docker.getNetwork(name).connect(endpoint));
    }
    const files = await uploadTar(inputs);
    if (files) {
      await attempt("upload files", () => container.putArchive(files, { path: "/" }));
    }
  }

  /** Starts it and does what `attach` and `wait` say. */
  async function start(container: Container, inputs: Properties, context: Context): Promise<Properties> {
    if (flag(inputs, "start") === false) {
      return {};
    }
    await attempt("start", () => container.start());
    if (flag(inputs, "attach")) {
      const { StatusCode: exitCode } = await attempt("wait for its end", () =>
        container.wait({ abortSignal: context.signal }),
      );
      const containerLogs = flag(inputs, "logs")
        ? await lastLines(container, flag(inputs, "tty") ?? false, undefined)
        : null;
      return { exitCode, containerLogs };
    }
    if (flag(inputs, "wait")) {
      await waitUntilHealthy(container, inputs, context);
    }
    return {};
  }

  async function finish(container: Container, inputs: Properties, context: Context) {
    try {
      await prepare(container, inputs);
      const more = await start(container, inputs, context);
      const found = await attempt("inspect", () => container.inspect());
      return { id: container.id, outputs: { ...outputsOf(found, inputs), ...more } };
    } catch (error) {
      const message = `container ${text(inputs, "name")}: ${error instanceof Error ? error.message : String(error)}`;
      const found = await inspect(container.id).catch(() => undefined);
      throw new PartialCreateError(message, container.id, found ? outputsOf(found, inputs) : {});
    }
  }

  return {
    type: "docker:index/container:Container",
    named: true,
    marksDefaults: true,
    fields: containerFields,
    validate: checkContainer,
    create: async (inputs, context) => finish(await create(inputs), inputs, context),
    async read(existing) {
      const found = await inspect(existing.id);
      if (!found) {
        return undefined;
      }
      const { exitCode, containerLogs } = existing.outputs;
      const outputs = {
        ...outputsOf(found, existing.inputs),
        exitCode: exitCode ?? null,
        containerLogs: containerLogs ?? null,
      };
      if (isEmpty(existing.inputs)) {
        return { inputs: importedInputs(outputs, Object.keys(containerFields)), outputs };
      }
      const inputs = driftedInputs(found, existing.inputs, outputs);
      const uploads = await uploadsNow(docker.getContainer(existing.id), existing.inputs);
      const edited = !same(uploads, existing.inputs.uploads);
      return { inputs: edited ? { ...inputs, uploads } : inputs, outputs: edited ? { ...outputs, uploads } : outputs };
    },
    async update(existing, news, context) {
      const container = docker.getContainer(existing.id);
      const name = text(news, "name");
      if (!same(limits(existing.inputs) as Properties, limits(news) as Properties)) {
        await attempt(`update limits of container ${name}`, () => container.update(limits(news)));
      }
      const before = await inspect(existing.id);
      if (before && !before.State.Running && flag(news, "start") !== false && flag(news, "mustRun") !== false) {
        await start(container, news, context);
      }
      const found = await attempt(`inspect container ${name}`, () => container.inspect());
      return outputsOf(found, news);
    },
    async delete(existing, context) {
      const name = text(existing.inputs, "name") ?? existing.id;
      const container = docker.getContainer(existing.id);
      const grace = number(existing.inputs, "destroyGraceSeconds") ?? 0;
      if (grace > 0) {
        // 304 says that it does not run; removing it is right all the same.
        await attemptOrGone(`stop container ${name}`, () => container.stop({ t: grace })).catch(
          (error: DockerError) => {
            if (error.status !== 304) {
              throw error;
            }
          },
        );
      }
      const v = flag(existing.inputs, "removeVolumes") ?? true;
      await attemptOrGone(`delete container ${name}`, () => container.remove({ v, force: true })).catch(
        async (error: DockerError) => {
          if (error.status !== 409 || !/in progress/i.test(error.message)) {
            throw error;
          }
          for (const until = Date.now() + 30_000; Date.now() < until && (await inspect(existing.id)); ) {
            await sleep(200, undefined, { signal: context.signal });
          }
        },
      );
    },
    async recover(inputs) {
      const found = await inspect(text(inputs, "name") ?? "");
      if (!found || !matches(createOptions(inputs), found)) {
        return undefined;
      }
      // Its files were uploaded before it was started; one that waits for its health has to have it.
      const complete = found.State.Running && (!flag(inputs, "wait") || found.State.Health?.Status === "healthy");
      return { id: found.Id, outputs: outputsOf(found, inputs), complete };
    },
  };
}

/** Whether the container was made by this very request: everything asked for is as asked. */
function matches(wanted: ContainerCreateOptions, found: ContainerInspectInfo): boolean {
  const image = [found.Config.Image, found.Image].includes(wanted.Image ?? "");
  const labels = Object.entries(wanted.Labels ?? {}).every(([key, value]) => found.Config.Labels?.[key] === value);
  const env = (wanted.Env ?? []).every((one) => (found.Config.Env ?? []).includes(one));
  const command = wanted.Cmd === undefined || same(wanted.Cmd, found.Config.Cmd);
  const host = wanted.HostConfig ?? {};
  const ports = same(host.PortBindings as Properties, (found.HostConfig.PortBindings ?? {}) as Properties);
  const mounts = same(
    (host.Mounts ?? []) as unknown as Properties[],
    (found.HostConfig.Mounts ?? []) as unknown as Properties[],
  );
  const limited = host.Memory === found.HostConfig.Memory;
  return found.Name === `/${wanted.name}` && image && labels && env && command && ports && mounts && limited;
}
