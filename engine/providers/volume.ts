/** docker.Volume. One of that name that is there already is refused: its data is somebody else's. */

import type { VolumeArgs } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import type Docker from "dockerode";
import type { VolumeInspectInfo } from "dockerode";
import type { Properties } from "../provider";
import { isEmpty, same } from "../values";
import { attempt, attemptOrGone, foreign } from "./dockerError";
import type { Kind } from "./kind";
import { labels, labelsForm } from "./labels";
import { type Fields, map, recorded, str } from "./schema";

type Inputs = Unwrap<VolumeArgs> & { readonly name: string };

const fields: Fields = {
  name: str({ required: true }),
  driver: str(),
  driverOpts: map(),
  labels: labels(),
  cluster: map({ unsupported: true, absentRead: null }),
};

export function volumeKind(docker: Docker): Kind<Inputs> {
  const inspect = (name: string) => attemptOrGone(`inspect volume ${name}`, docker.getVolume(name).inspect());
  return {
    type: "docker:index/volume:Volume",
    named: true,
    marksDefaults: true,
    fields,
    async create({ name, driver, driverOpts, labels }) {
      if (await inspect(name)) throw foreign("volume", name, "keep its data elsewhere and docker volume rm");
      const request = { Name: name, Driver: driver, DriverOpts: driverOpts, Labels: labels && labelsForm.to(labels) };
      await attempt(`create volume ${name}`, docker.createVolume(request));
      const made = await attempt(`inspect volume ${name}`, docker.getVolume(name).inspect());
      return { id: name, outputs: outputsOf(made, driverOpts, false) };
    },
    async read({ id, inputs }) {
      const found = await inspect(id);
      if (!found) return undefined;
      const outputs = outputsOf(found, found.Options ?? undefined, true);
      const changed = !same(labelsForm.to(inputs.labels), found.Labels);
      const { name, driver, driverOpts } = outputs;
      const given = isEmpty(inputs) ? { name, driver, driverOpts } : inputs;
      return { inputs: { ...given, ...(changed && { labels: outputs.labels }) }, outputs };
    },
    async delete({ id }) {
      await attemptOrGone(`delete volume ${id}`, docker.getVolume(id).remove());
    },
    async recover({ name, labels, driverOpts }) {
      const found = await inspect(name);
      const ours = found && same(labelsForm.to(labels), found.Labels);
      return ours ? { id: name, outputs: outputsOf(found, driverOpts, false), complete: true } : undefined;
    },
  };
}

function outputsOf(volume: VolumeInspectInfo, options: Record<string, string> | undefined, read: boolean): Properties {
  return {
    __meta: '{"schema_version":"1"}',
    cluster: null,
    driver: volume.Driver,
    driverOpts: recorded(map(), options, read),
    id: volume.Name,
    labels: labelsForm.from(volume.Labels),
    mountpoint: volume.Mountpoint,
    name: volume.Name,
  };
}
