/** docker.Secret: each change replaces it. Docker never reports the contents of a secret. */

import type { SecretArgs } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import type Docker from "dockerode";
import type { Properties } from "../../provider";
import { isEmpty, same } from "../../values";
import type { Kind } from "../kind";
import type { Fields } from "../schema";
import { labels, labelsForm, outputsOf as outputsFrom, toApi } from "./api";
import { attempt, attemptOrGone, DockerError, foreign } from "./error";
import { base64, fileName, SECRET_LIMIT, sizeProblem } from "./swarmFile";
import type { SwarmSecrets } from "./swarmSecrets";

type Inputs = Unwrap<SecretArgs> & { readonly name: string };

interface Found {
  readonly ID: string;
  readonly Spec: { readonly Name: string; readonly Labels?: Record<string, string> };
}

const fields: Fields = { name: fileName, data: { ...base64, required: true }, labels };

/** @param secrets gets the contents, so that errors do not show them */
export function secretKind(docker: Docker, secrets: SwarmSecrets): Kind<Inputs> {
  async function named(name: string): Promise<Found | undefined> {
    const all = await attempt("list secrets", docker.listSecrets({ filters: { name: [name] } }));
    return (all as unknown as readonly Found[]).find(({ Spec }) => Spec.Name === name);
  }

  const inspect = async (id: string) =>
    (await attemptOrGone(`inspect secret ${id}`, docker.getSecret(id).inspect())) as unknown as Found | undefined;

  return {
    type: "docker:index/secret:Secret",
    named: true,
    fields,
    secretOutputs: ["data"],
    *validate({ name, data }) {
      if (data === undefined) return;
      // Called in each run, also for a secret that does not change.
      secrets.remember(data);
      const why = sizeProblem(`secret ${name}`, Buffer.from(data, "base64").length, SECRET_LIMIT);
      if (why !== undefined) yield ["data", why];
    },
    async refuseForeign({ name }) {
      const found = await named(name);
      if (found) throw foreign("secret", name, "docker secret rm", found.ID);
    },
    async create(inputs) {
      const { name } = inputs;
      // Separate, because dockerode would otherwise repeat the body in the URL, and Docker engines may log URLs.
      const made = docker.createSecret({ _query: {}, _body: toApi(fields, inputs) });
      const { id } = await attempt(`create secret ${name}`, made);
      return { id, outputs: outputsOf({ ID: id, Spec: { Name: name } }, inputs) };
    },
    async read({ id, inputs }) {
      if (isEmpty(inputs))
        throw new DockerError(`secret ${id}: it can't be imported, because Docker does not report its contents`);
      const found = await inspect(id);
      return found && { outputs: outputsOf(found, inputs) };
    },
    async delete({ id, inputs: { name = id } }) {
      await attemptOrGone(`delete secret ${name}`, docker.getSecret(id).remove());
    },
    async recover(inputs) {
      const found = await named(inputs.name);
      const ours = found && same(labelsForm.to(inputs.labels), found.Spec.Labels);
      return ours ? { id: found.ID, outputs: outputsOf(found, inputs) } : undefined;
    },
  };
}

const outputsOf = (found: Found, inputs: Inputs): Properties => ({
  ...outputsFrom(fields, { Name: found.Spec.Name }, inputs),
  __meta: '{"schema_version":"1"}',
  id: found.ID,
});
