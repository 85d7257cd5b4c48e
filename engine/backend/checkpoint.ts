/** The contents of the state file. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * One resource in a checkpoint of version 3. Unknown fields are kept until a run of the program records the resource again.
 *
 * @typeParam Properties in the file, secrets are encrypted; the engine decrypts them
 */
export interface Recorded<Properties = { [key: string]: Json }> {
  readonly urn: string;
  readonly custom: boolean;
  /** Replaced, but not yet deleted. */
  readonly delete?: boolean;
  readonly id?: string;
  readonly type: string;
  readonly inputs?: Properties;
  readonly outputs?: Properties;
  readonly parent?: string;
  readonly protect?: boolean;
  /** Read but not created by this stack, so never deleted. */
  readonly external?: boolean;
  readonly dependencies?: readonly string[];
  /** Errors of an incomplete create; the next run updates or replaces the resource. */
  readonly initErrors?: readonly string[];
  /** `<urn>::<id>` of the provider. */
  readonly provider?: string;
  readonly propertyDependencies?: Readonly<Record<string, readonly string[]>>;
  /** Deleted, possibly with another resource; the next run creates it again. */
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
  /** Where the program registered it, with line and column: `project:///index.ts#12,3`. */
  readonly sourcePosition?: string;
  readonly created?: string;
  readonly modified?: string;
}

/** A pending operation: it was started, and its end was not recorded. */
export interface Pending<Properties = { [key: string]: Json }> {
  readonly resource: Recorded<Properties>;
  readonly type: "creating" | "updating" | "deleting" | "reading" | "importing";
}

/** A checkpoint as read, with encrypted secrets. */
export interface Checkpoint {
  readonly resources: readonly Recorded[];
  readonly pending: readonly Pending[];
  /** The salt of the encryption key. */
  readonly salt?: string;
}

export interface StackName {
  readonly project: string;
  readonly stack: string;
}
