/** What the state file holds. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * One resource as the checkpoint (version 3) holds it; fields that we do not know are kept until a run of
 * the program records it anew.
 *
 * @typeParam Properties in the file, secrets are encrypted; the engine opens them
 */
export interface Recorded<Properties = { [key: string]: Json }> {
  readonly urn: string;
  readonly custom: boolean;
  /** Replaced already, and still to be deleted. */
  readonly delete?: boolean;
  readonly id?: string;
  readonly type: string;
  readonly inputs?: Properties;
  readonly outputs?: Properties;
  readonly parent?: string;
  readonly protect?: boolean;
  /** Read, not made: never deleted by us. */
  readonly external?: boolean;
  readonly dependencies?: readonly string[];
  /** Made, but not as wanted: updated or replaced by the next run. */
  readonly initErrors?: readonly string[];
  /** `<urn>::<id>` of its provider. */
  readonly provider?: string;
  readonly propertyDependencies?: Readonly<Record<string, readonly string[]>>;
  /** Deleted, or gone with what held it; to be made again. */
  readonly pendingReplacement?: boolean;
  readonly additionalSecretOutputs?: readonly string[];
  readonly aliases?: readonly string[];
  /** Seconds. */
  readonly customTimeouts?: Readonly<Partial<Record<"create" | "update" | "delete", number>>>;
  readonly importID?: string;
  readonly retainOnDelete?: boolean;
  readonly deletedWith?: string;
  readonly ignoreChanges?: readonly string[];
  readonly replaceOnChanges?: readonly string[];
  /** Where the program made it: `project:///index.ts#12,3`, line and column. */
  readonly sourcePosition?: string;
  readonly created?: string;
  readonly modified?: string;
}

/** A step that had begun and was not noted as ended. */
export interface Pending<Properties = { [key: string]: Json }> {
  readonly resource: Recorded<Properties>;
  readonly type: "creating" | "updating" | "deleting" | "reading" | "importing";
}

/** A checkpoint as read: secrets still encrypted. */
export interface Checkpoint {
  readonly resources: readonly Recorded[];
  readonly pending: readonly Pending[];
  /** Of the key that secrets are encrypted with. */
  readonly salt?: string;
}

export interface StackName {
  readonly project: string;
  readonly stack: string;
}
