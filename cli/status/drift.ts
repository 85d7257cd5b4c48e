import { nameOf, typeOf } from "../../engine/model";
import { stackCommand } from "../../settings/field";
import { chooseEngine } from "../engine/chooseEngine";
import { runLocalEngine } from "../engine/localEngine";
import { readPulumi } from "../engine/pulumiCli";
import { projectDirectory } from "../project";

/** A resource that is not as the last run recorded it. */
export interface Drift {
  /** The resource's own, e.g. `apim-store-1-container`. */
  readonly name: string;
  /** Short, e.g. `Container`. */
  readonly type: string;
  /** The properties that were changed outside; none: it is gone. */
  readonly properties: readonly string[];
}

/** What is read of a refresh's JSON; both engines have it. */
interface Digest {
  readonly steps?: readonly {
    readonly op: string;
    readonly urn: string;
    readonly newState?: object | null;
    readonly diffReasons?: readonly string[] | null;
    readonly detailedDiff?: Readonly<Record<string, unknown>> | null;
  }[];
  readonly diagnostics?: readonly { readonly severity: string; readonly message: string }[];
}

/** Somebody pressed Ctrl-C while it was looked for. */
export class Interrupted extends Error {}

/** What was changed outside, or why that is not known. */
export type DriftSeen = { readonly drift: readonly Drift[] } | { readonly driftUnknown: string };

const glanceMilliseconds = 10_000;

/**
 * For those who did not ask for it: looks as long as others like to wait.
 *
 * @param look as {@link readDrift}; its signal says that nobody waits any more
 * @param limitMilliseconds how long it may take; default 10 s
 * @throws {Interrupted} and nothing else
 */
export async function glanceAtDrift(
  look: (signal: AbortSignal) => Promise<Drift[]>,
  limitMilliseconds = glanceMilliseconds,
): Promise<DriftSeen> {
  const waiting = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const why = `it takes longer than ${limitMilliseconds / 1000} s; --drift waits for it`;
    timer = setTimeout(() => reject(new Error(why)), limitMilliseconds);
  });
  try {
    return { drift: await Promise.race([look(waiting.signal), late]) };
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    return { driftUnknown: ((error as Error).message.split("\n")[0] ?? "").replace(/:$/, "") };
  } finally {
    clearTimeout(timer);
    waiting.abort();
  }
}

/**
 * Compares all that a stack recorded with what really exists; records nothing.
 *
 * @param signal ends the Pulumi CLI, if that is the one who looks
 * @throws when something could not be looked at, or the stack's passphrase is not at hand: nobody is asked for it
 */
export async function readDrift(stack: string, signal?: AbortSignal): Promise<Drift[]> {
  const pulumi = (await chooseEngine()) === "pulumi";
  const text = await (pulumi ? readPulumi(refresh(stack), stack, { signal }) : localRefresh(stack));
  return driftIn(JSON.parse(text) as Digest);
}

/** Pure. @throws when the refresh had errors */
export function driftIn({ steps = [], diagnostics = [] }: Digest): Drift[] {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join("\n"));
  return steps.flatMap(({ op, urn, newState, diffReasons, detailedDiff }) => {
    const drift = { name: nameOf(urn), type: typeOf(urn).split(":").at(-1) ?? "" };
    if (op === "delete" || !newState) return [{ ...drift, properties: [] }];
    const properties = diffReasons?.length ? diffReasons : Object.keys(detailedDiff ?? {});
    return op === "same" || properties.length === 0 ? [] : [{ ...drift, properties }];
  });
}

/** Properties whose names say little. */
const meanings: Readonly<Record<string, string>> = {
  mustRun: "whether it runs",
  networkDatas: "its addresses",
  uploads: "files in it",
};

/** Lines for a person. */
export function describeDrift(seen: DriftSeen, stack: string): string[] {
  if ("driftUnknown" in seen) return [`What was changed outside was not looked at: ${seen.driftUnknown}`];
  const { drift } = seen;
  if (drift.length === 0) return ["Nothing was changed outside since the last run."];
  return [
    "Changed outside since the last run:",
    ...drift.map(({ name, type, properties }) => {
      const told = properties.map((one) => (meanings[one] ? `${one} (${meanings[one]})` : one));
      return `  ${type} ${name}: ${told.length === 0 ? "gone" : `${told.join(", ")} changed`}`;
    }),
    `To put it right: ${stackCommand("refresh", stack)}, then ${stackCommand("up", stack)}`,
  ];
}

function refresh(stack: string): string[] {
  return ["refresh", "--preview-only", "--json", "--non-interactive", "--stack", stack];
}

async function localRefresh(stack: string): Promise<string> {
  let text = "";
  const out = {
    write: (part: string) => {
      text += part;
    },
  };
  const { exitCode } = await runLocalEngine("refresh", {
    projectDir: projectDirectory,
    stack,
    json: true,
    previewOnly: true,
    out,
  });
  if (exitCode === 130) throw new Interrupted("stopped");
  return text;
}
