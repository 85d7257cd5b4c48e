import { type Field, set, str } from "../schema";

interface Label {
  readonly label: string;
  readonly value: string;
}

/** User-defined metadata as every Docker object takes it. */
export const labels = (): Field =>
  set({ fields: { label: str({ required: true }), value: str({ required: true }) }, key: "label", form: labelsForm });

/** `label`/`value` lists as the map that the Docker API wants, and back in an order that is the same each time. */
export const labelsForm = {
  to: (given: readonly Label[] | undefined): Record<string, string> =>
    Object.fromEntries((given ?? []).map(({ label, value }) => [label, value])),
  from: (found: Record<string, string> | null | undefined) =>
    Object.entries(found ?? {})
      .map(([label, value]) => ({ label, value }))
      .sort((a, b) => (a.label < b.label ? -1 : 1)),
};
