/** A preview as one JSON document, in the official engine's format. */

import type { Project } from "../backend/project";
import type { EngineEvent, Operation } from "../events";
import { isDefaultProvider, otherFields, type ResourceState, STACK_TYPE } from "../model";
import { isEmpty, isObject, mapProps, type Prop, type Props, Secret, toState } from "../values";

/** Configuration values with secure values masked. */
export function maskConfig(project: Project): Record<string, string> {
  const masked: Record<string, string> = {};
  for (const [key, value] of Object.entries(project.rawConfig)) {
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    masked[key] = text.includes('"secure":') ? "[secret]" : text;
  }
  return masked;
}

/** The digest: steps with changes, and the stack; diagnostics; counts per operation. */
export function changeDigest(
  events: readonly EngineEvent[],
  config: Readonly<Record<string, string>>,
  counts: ReadonlyMap<Operation, number>,
  ms: number,
): object {
  const steps = events.flatMap((event) => {
    if (event.kind !== "done" || isDefaultProvider(event.step.urn)) return [];
    const { op, urn, old, new: now, diffs, replaces, detailed } = event.step;
    if (op === "create-replacement" || op === "delete-replaced") return [];
    if (op === "same" && (now ?? old)?.type !== STACK_TYPE) return [];
    return [
      {
        op,
        urn,
        provider: (now ?? old)?.provider,
        oldState: old && masked(old),
        // A component's outputs are not known yet: it registers them after its children.
        newState: now && masked(now.custom ? now : { ...now, outputs: undefined }),
        diffReasons: diffs,
        replaceReasons: replaces,
        detailedDiff: detailedDiff(detailed),
      },
    ];
  });
  const diagnostics = events.flatMap((event) =>
    event.kind === "log" ? [{ severity: event.severity, message: event.message, urn: event.urn }] : [],
  );
  return {
    config,
    steps,
    ...(diagnostics.length > 0 && { diagnostics }),
    duration: Math.round(ms * 1e6),
    changeSummary: Object.fromEntries(counts),
  };
}

function detailedDiff(detailed: Readonly<Record<string, string>> | undefined) {
  if (detailed === undefined || Object.keys(detailed).length === 0) return null;
  return Object.fromEntries(Object.entries(detailed).map(([path, kind]) => [path, { kind, inputDiff: false }]));
}

function masked(state: ResourceState): object {
  const mask = (value: Prop): Prop => {
    if (value instanceof Secret) return "[secret]";
    if (Array.isArray(value)) return value.map(mask);
    return isObject(value) ? mapProps(value, mask) : toState(value, () => "");
  };
  const shown = (props: Props = {}) => (isEmpty(props) ? undefined : mask(props));
  const { urn, custom, id, type, ...others } = otherFields(state);
  return { urn, custom, id, type, inputs: shown(state.inputs), outputs: shown(state.outputs), ...others };
}
