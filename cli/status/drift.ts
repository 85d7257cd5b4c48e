import { nameOf, typeOf } from "../../engine/model";
import { errorMessage } from "../../errors";
import { isNamedByContents } from "../../images/contexts";
import { plainStackName, stackCommand } from "../../settings/field";
import { chooseEngine } from "../engine/chooseEngine";
import { runLocalEngine } from "../engine/localEngine";
import { exportStack } from "../engine/pulumiCli";
import { projectDirectory } from "../project";

/** A resource that differs from what the last run recorded. */
export interface Drift {
  /** The resource's name, e.g. `apim-store-1-container`. */
  readonly name: string;
  /** The last part of the resource's type, e.g. `Container`. */
  readonly type: string;
  /** The properties that were changed outside; empty when the resource is gone. */
  readonly properties: readonly string[];
}

/** The part of a refresh's JSON that is read here. */
interface Digest {
  readonly steps?: readonly {
    readonly op: string;
    readonly urn: string;
    readonly newState?: { readonly inputs?: Readonly<Record<string, unknown>> };
    readonly diffReasons?: readonly string[];
  }[];
  readonly diagnostics?: readonly { readonly severity: string; readonly message: string }[];
}

/** The user pressed Ctrl-C during the drift check. */
export class Interrupted extends Error {}

/** What was changed outside, or why that is unknown. */
export type DriftResult = { readonly drift: readonly Drift[] } | { readonly driftUnknown: string };

/**
 * Reads drift for a command to which drift is not essential: a failure or a time-out becomes part of the result.
 *
 * @param read as {@link readDrift}; its signal is aborted at the time limit
 * @param limitMilliseconds the time limit. @default 10 s
 * @throws {Interrupted} and nothing else
 */
export async function tryReadDrift(
  read: (signal: AbortSignal) => Promise<Drift[]>,
  limitMilliseconds = 10_000,
): Promise<DriftResult> {
  const limit = AbortSignal.timeout(limitMilliseconds);
  const late = new Promise<never>((_, reject) => {
    const why = `the check takes longer than ${limitMilliseconds / 1000} s; --drift waits for it`;
    limit.addEventListener("abort", () => reject(new Error(why)));
  });
  try {
    // The embedded engine's refresh does not end at the signal, so waiting must.
    return { drift: await Promise.race([read(limit), late]) };
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    return { driftUnknown: (errorMessage(error).split("\n")[0] ?? "").replace(/:$/, "") };
  }
}

/**
 * Compares everything that a stack recorded with what really exists; records nothing. Always with the embedded engine, so
 * that the result is the same whichever engine brought the stack up: the Pulumi CLI does not compare files in containers.
 *
 * @param signal ends the Pulumi CLI, if that is the stack's engine
 * @throws when a resource could not be read, or the stack's passphrase is missing (the user is not asked for it)
 */
export async function readDrift(stack: string, signal?: AbortSignal): Promise<Drift[]> {
  const pulumi = (await chooseEngine()) === "pulumi";
  const exported = pulumi ? await exportStack(stack, true, { signal }) : undefined;
  return driftIn(JSON.parse(await refresh(stack, exported)) as Digest);
}

/** The drift in a refresh's JSON. @throws when the refresh had errors */
export function driftIn({ steps = [], diagnostics = [] }: Digest): Drift[] {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join("\n"));
  return steps.flatMap(({ op, urn, newState, diffReasons = [] }) => {
    const drift = { name: nameOf(urn), type: typeOf(urn).split(":").at(-1) ?? "" };
    if (op === "delete" || !newState) return [{ ...drift, properties: [] }];
    // An equal image that was built or loaded again has another id under the same tag, which nothing depends on.
    const isEqualImage = drift.type === "RemoteImage" && isNamedByContents(String(newState.inputs?.name));
    return op === "same" || isEqualImage || diffReasons.length === 0 ? [] : [{ ...drift, properties: diffReasons }];
  });
}

/** What the less obvious property names mean. */
const meanings: Readonly<Record<string, string>> = {
  mustRun: "whether it runs",
  networkDatas: "its addresses",
  uploads: "files in it",
};

/** The result as lines of text. */
export function describeDrift(result: DriftResult, stack: string): string[] {
  if ("driftUnknown" in result) return [`Not checked for changes from outside: ${result.driftUnknown}`];
  const { drift } = result;
  if (drift.length === 0) return ["Nothing was changed outside since the last run."];
  return [
    "Changed outside since the last run:",
    ...drift.map(({ name, type, properties }) => {
      const changed = properties.map((one) => (meanings[one] ? `${one} (${meanings[one]})` : one));
      return `  ${type} ${name}: ${changed.length === 0 ? "gone" : `${changed.join(", ")} changed`}`;
    }),
    `To repair this, run: ${stackCommand("refresh", stack)}, then ${stackCommand("up", stack)}`,
  ];
}

async function refresh(stack: string, exported: string | undefined): Promise<string> {
  let text = "";
  const out = {
    write: (part: string) => {
      text += part;
    },
  };
  const { exitCode } = await runLocalEngine("refresh", {
    projectDir: projectDirectory,
    stack: plainStackName(stack),
    json: true,
    previewOnly: true,
    ...(exported !== undefined && { exported }),
    out,
  });
  if (exitCode === 130) throw new Interrupted("stopped");
  return text;
}
