/** The engine's built-in providers, for components and for provider resources. */

import { randomUUID } from "node:crypto";
import type { DiffKind, Properties, Provider } from "../provider";
import { differingKeys } from "../values";

/** These resources exist only in the state. */
const recordedOnly: Omit<Provider, "create" | "update"> = {
  types: [],
  secretOutputs: () => [],
  check: async (_resource, _olds, inputs) => ({ inputs, failures: [] }),
  async diff({ inputs: olds }, news) {
    const changed = differingKeys(olds, news);
    const detailed = Object.fromEntries(changed.map((key): [string, DiffKind] => [key, "update"]));
    return { changes: changed.length > 0, replaces: [], deleteBeforeReplace: false, detailed };
  },
  read: async ({ inputs, outputs }) => ({ inputs, outputs }),
  delete: async () => undefined,
};

/** A component registers its outputs after its children; until then the recorded ones stay. */
export const components: Provider = {
  ...recordedOnly,
  create: async () => ({ id: "", outputs: {} }),
  update: async ({ outputs }) => ({ outputs }),
};

const outputsOf = ({ __internal: _, ...outputs }: Properties): Properties => outputs;

export const providers: Provider = {
  ...recordedOnly,
  create: async (_resource, inputs) => ({ id: randomUUID(), outputs: outputsOf(inputs) }),
  update: async (_existing, news) => ({ outputs: outputsOf(news) }),
};
