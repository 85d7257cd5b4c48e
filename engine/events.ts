/** The events that the engine sends to the display: plain data, in the order in which they happened. */

import type { ResourceState } from "./model";
import type { DiffKind } from "./provider";
import type { Props } from "./values";

export type Operation =
  | "same"
  | "create"
  | "update"
  | "replace"
  | "create-replacement"
  | "delete"
  | "delete-replaced"
  | "read"
  | "import"
  | "refresh";

export interface Step {
  readonly op: Operation;
  readonly urn: string;
  readonly old?: ResourceState;
  readonly new?: ResourceState;
  /** Top-level properties that differ. */
  readonly diffs?: readonly string[];
  /** The properties among `diffs` that require a replacement. */
  readonly replaces?: readonly string[];
  readonly detailed?: Readonly<Record<string, DiffKind>>;
  /** Removed from the state without a provider call: retainOnDelete is set, or deleting another resource deletes it. */
  readonly retain?: boolean;
}

export type EngineEvent =
  | { readonly kind: "start"; readonly step: Step }
  | { readonly kind: "done"; readonly step: Step; readonly ms: number }
  | { readonly kind: "fail"; readonly step: Step; readonly message: string }
  | {
      readonly kind: "log";
      readonly severity: "info" | "warning" | "error";
      readonly message: string;
      readonly urn?: string;
    }
  | { readonly kind: "outputs"; readonly olds: Props; readonly news: Props };

export type Emit = (event: EngineEvent) => void;
