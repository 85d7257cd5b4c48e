/** The contents of the state file, and of `pulumi stack export`. */

import { asRecord } from "./project";

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
  /** What encrypted the secrets, e.g. `passphrase`; undefined if there are none. */
  readonly secretsProvider?: string;
  /** The salt of the encryption key. */
  readonly salt?: string;
}

export interface StackName {
  readonly project: string;
  readonly stack: string;
}

const OPERATIONS: ReadonlySet<unknown> = new Set(["creating", "updating", "deleting", "reading", "importing"]);

/**
 * Checks the part of a state that both the state file (`checkpoint.latest`) and an export (`deployment`) contain.
 *
 * @throws when something in it is not as expected
 */
export function checkpointIn(latest: unknown): Checkpoint {
  const { resources = [], pending_operations: pending = [], secrets_providers } = asRecord(latest);
  if (!Array.isArray(resources) || !Array.isArray(pending))
    throw new Error("expected the resources and pending_operations to be lists");
  const broken = resources.findIndex((each) => typeof each?.urn !== "string" || typeof each?.type !== "string");
  if (broken >= 0) throw new Error(`resource ${broken} lacks an urn or a type`);
  const unknown = pending.findIndex(
    (each) =>
      typeof each?.resource?.urn !== "string" || typeof each.resource.type !== "string" || !OPERATIONS.has(each.type),
  );
  if (unknown >= 0)
    throw new Error(`pending operation ${unknown}: expected a resource and one of ${[...OPERATIONS].join(", ")}`);
  const { type, state } = asRecord(secrets_providers);
  const { salt } = asRecord(state);
  return {
    resources,
    pending,
    ...(typeof type === "string" && { secretsProvider: type }),
    ...(typeof salt === "string" && { salt }),
  };
}

/**
 * Reads what `pulumi stack export` prints.
 *
 * @throws when the text is not JSON, or has another version or form
 */
export function readExport(text: string): Checkpoint {
  const { version, deployment } = asRecord(JSON.parse(text));
  if (version !== 3) throw new Error(`expected an exported stack of version 3, found version ${version ?? "none"}`);
  return checkpointIn(deployment);
}
