import type Docker from "dockerode";
import type { VolumeInspectInfo } from "dockerode";
import type { Properties } from "../provider";
import { attempt, attemptOrGone, DockerError } from "./dockerError";
import type { Kind } from "./kind";
import { labels, map, str } from "./schema";
import { isEmpty, labelList, labelMap, same, text, textMap } from "./values";

/** docker.Volume. A volume of that name that is there already is refused: its data is somebody else's. */
export function volumeKind(docker: Docker): Kind {
  const inspect = (name: string) => attemptOrGone(`inspect volume ${name}`, () => docker.getVolume(name).inspect());
  return {
    type: "docker:index/volume:Volume",
    named: true,
    marksDefaults: true,
    fields: {
      name: str({ required: true }),
      driver: str(),
      driverOpts: map(),
      labels: labels(),
      cluster: map({ unsupported: true }),
    },
    async create(inputs) {
      const name = text(inputs, "name") ?? "";
      if (await inspect(name)) {
        throw new DockerError(
          `create volume ${name}: a volume of this name is there already and not recorded in this stack; ` +
            `keep its data elsewhere and remove it (docker volume rm ${name}), or choose another name`,
        );
      }
      await attempt(`create volume ${name}`, () =>
        docker.createVolume({
          Name: name,
          Driver: text(inputs, "driver"),
          DriverOpts: textMap(inputs, "driverOpts"),
          Labels: labelMap(inputs),
        }),
      );
      const made = await inspect(name);
      if (!made) {
        throw new DockerError(`create volume ${name}: it was gone right after its creation; run again`);
      }
      return { id: name, outputs: outputsOf(made) };
    },
    async read(existing) {
      const found = await inspect(existing.id);
      if (!found) {
        return undefined;
      }
      const outputs = outputsOf(found);
      return { inputs: isEmpty(existing.inputs) ? importedInputs(outputs) : drift(existing.inputs, outputs), outputs };
    },
    async delete(existing) {
      await attemptOrGone(`delete volume ${existing.id}`, () => docker.getVolume(existing.id).remove());
    },
    async recover(inputs) {
      const found = await inspect(text(inputs, "name") ?? "");
      const outputs = found && outputsOf(found);
      return found && outputs && same(drift(inputs, outputs), inputs)
        ? { id: found.Name, outputs, complete: true }
        : undefined;
    },
  };
}

function outputsOf(volume: VolumeInspectInfo): Properties {
  return {
    __meta: '{"schema_version":"1"}',
    cluster: null,
    driver: volume.Driver,
    driverOpts: volume.Options ?? {},
    id: volume.Name,
    labels: labelList(volume.Labels),
    mountpoint: volume.Mountpoint,
    name: volume.Name,
  };
}

function drift(inputs: Properties, outputs: Properties): Properties {
  const labels = same(labelMap(inputs), labelMap(outputs)) ? inputs.labels : outputs.labels;
  return { ...inputs, ...(labels === undefined ? {} : { labels }) };
}

function importedInputs(outputs: Properties): Properties {
  const { name, driver, driverOpts, labels } = outputs;
  return Object.fromEntries(
    Object.entries({ name, driver, driverOpts, labels }).filter(([, value]) => !isEmpty(value)),
  ) as Properties;
}
