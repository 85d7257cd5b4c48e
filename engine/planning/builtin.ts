/** What the engine itself provides: components, which are nothing but a name, and providers, which it makes ready. */

import { randomUUID } from "node:crypto";
import type { DiffKind, Properties, Provider } from "../provider";
import { differingKeys } from "../values";

/** Nothing exists of these outside the state. */
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

/** A component's outputs come when all its children are registered; until then, they are as they were. */
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
