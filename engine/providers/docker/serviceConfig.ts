/** docker.ServiceConfig: a Swarm config; each change replaces it. */

import type { ServiceConfigArgs } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import type Docker from "dockerode";
import type { Properties } from "../../provider";
import { same } from "../../values";
import { actualInputs } from "../actual";
import type { Kind } from "../kind";
import { type Fields, str } from "../schema";
import { labels, labelsForm, outputsOf as outputsFrom, toApi } from "./api";
import { attempt, attemptOrGone, foreign } from "./error";
import { base64, CONFIG_LIMIT, fileName, sizeProblem } from "./swarmFile";

type Inputs = Unwrap<ServiceConfigArgs> & { readonly name: string };

interface Found {
  readonly ID: string;
  readonly Spec: { readonly Name: string; readonly Labels?: Record<string, string>; readonly Data?: string };
}

const notSent = { api: "" };
const fields: Fields = {
  name: fileName,
  data: { ...base64, ...notSent },
  dataRaw: str(notSent),
  labels: { ...labels, reported: true },
};

const contentOf = ({ data, dataRaw }: Inputs): Buffer | undefined =>
  dataRaw !== undefined ? Buffer.from(dataRaw) : data === undefined ? undefined : Buffer.from(data, "base64");

export function serviceConfigKind(docker: Docker): Kind<Inputs> {
  async function named(name: string): Promise<Found | undefined> {
    const all = await attempt("list configs", docker.listConfigs({ filters: { name: [name] } }));
    return (all as unknown as readonly Found[]).find(({ Spec }) => Spec.Name === name);
  }

  return {
    type: "docker:index/serviceConfig:ServiceConfig",
    named: true,
    fields,
    *validate(inputs) {
      const { name, data, dataRaw } = inputs;
      if (data !== undefined && dataRaw !== undefined) yield ["data", "expected either data or dataRaw, found both"];
      const content = contentOf(inputs);
      const why = content && sizeProblem(`config ${name}`, content.length, CONFIG_LIMIT);
      if (why !== undefined) yield [dataRaw === undefined ? "data" : "dataRaw", why];
    },
    async refuseForeign({ name }) {
      const found = await named(name);
      if (found) throw foreign("config", name, "docker config rm", found.ID);
    },
    async create(inputs) {
      const { name } = inputs;
      const content = contentOf(inputs);
      // Not in validate, for which a value that is unknown in a preview is missing too.
      if (content === undefined) throw new Error(`config ${name}: expected data or dataRaw, found neither`);
      // Separate, because dockerode would otherwise repeat the body in the URL.
      const request = { _query: {}, _body: { ...toApi(fields, inputs), Data: content.toString("base64") } };
      const { id } = await attempt(`create config ${name}`, docker.createConfig(request));
      const found = (await attempt(`inspect config ${name}`, docker.getConfig(id).inspect())) as Found;
      return { id, outputs: outputsOf(found, inputs) };
    },
    async read({ id, inputs }) {
      const found = (await attemptOrGone(`inspect config ${id}`, docker.getConfig(id).inspect())) as Found | undefined;
      if (!found) return undefined;
      const outputs = outputsOf(found, inputs);
      return { inputs: actualInputs(fields, inputs as unknown as Properties, outputs), outputs };
    },
    async delete({ id, inputs: { name = id } }) {
      await attemptOrGone(`delete config ${name}`, docker.getConfig(id).remove());
    },
    async recover(inputs) {
      const found = await named(inputs.name);
      const ours =
        found &&
        same(labelsForm.to(inputs.labels), found.Spec.Labels) &&
        found.Spec.Data === contentOf(inputs)?.toString("base64");
      return ours ? { id: found.ID, outputs: outputsOf(found, inputs) } : undefined;
    },
  };
}

function outputsOf({ ID, Spec }: Found, inputs: Inputs): Properties {
  const { Data: data = "" } = Spec;
  const raw = inputs.dataRaw !== undefined;
  return {
    ...outputsFrom(fields, Spec, inputs),
    data: raw ? null : data,
    dataRaw: raw ? Buffer.from(data, "base64").toString("utf8") : null,
    id: ID,
  };
}
