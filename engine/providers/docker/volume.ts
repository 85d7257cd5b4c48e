/** docker.Volume: an existing volume with the same name is refused, because it may contain other data. */

import type { VolumeArgs } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import type Docker from "dockerode";
import type { VolumeInspectInfo } from "dockerode";
import type { Properties } from "../../provider";
import { isEmpty, same } from "../../values";
import type { Kind } from "../kind";
import { type Fields, map, str, unsupported } from "../schema";
import { labels, labelsForm, outputsOf as outputsFrom, toApi } from "./api";
import { attempt, attemptOrGone, foreign } from "./error";

type Inputs = Unwrap<VolumeArgs> & { readonly name: string };

const fields: Fields = {
  name: str({ required: true, reported: true }),
  driver: str({ reported: true, computed: true }),
  driverOpts: map(),
  labels: { ...labels, reported: true },
  cluster: unsupported(),
};

export function volumeKind(docker: Docker): Kind<Inputs> {
  const inspect = (name: string) => attemptOrGone(`inspect volume ${name}`, docker.getVolume(name).inspect());
  const labelled = ({ labels }: Inputs, { Labels }: VolumeInspectInfo) => same(labelsForm.to(labels), Labels);
  return {
    type: "docker:index/volume:Volume",
    named: true,
    fields,
    async refuseForeign({ name }) {
      if (await inspect(name)) throw foreign("volume", name, "back up its data, then docker volume rm");
    },
    async create(inputs) {
      const { name } = inputs;
      await attempt(`create volume ${name}`, docker.createVolume(toApi(fields, inputs)));
      const made = await attempt(`inspect volume ${name}`, docker.getVolume(name).inspect());
      return { id: name, outputs: outputsOf(made, inputs) };
    },
    async read({ id, inputs }) {
      const found = await inspect(id);
      if (!found) return undefined;
      const outputs = outputsOf(found, inputs, true);
      const { name, driver, labels } = outputs;
      const kept = labelled(inputs, found) ? {} : { labels };
      return { inputs: isEmpty(inputs) ? { name, driver, ...kept } : { ...inputs, ...kept }, outputs };
    },
    async delete({ id }) {
      await attemptOrGone(`delete volume ${id}`, docker.getVolume(id).remove());
    },
    async recover(inputs) {
      const found = await inspect(inputs.name);
      const { driver, driverOpts } = inputs;
      const asWanted =
        found &&
        labelled(inputs, found) &&
        [undefined, found.Driver].includes(driver) &&
        same(driverOpts, found.Options);
      return asWanted ? { id: inputs.name, outputs: outputsOf(found, inputs) } : undefined;
    },
  };
}

const outputsOf = (found: VolumeInspectInfo, inputs: Inputs, read = false): Properties => ({
  ...outputsFrom(fields, found, inputs, read),
  __meta: '{"schema_version":"1"}',
  id: found.Name,
  mountpoint: found.Mountpoint,
});
