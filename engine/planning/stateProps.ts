/** Pure helpers on the inputs and outputs of recorded resources. */

import type { ResourceState } from "../model";
import { type Existing, Unknown } from "../provider";
import { canonical, containsUnknown, isInternalKey, mapProps, type Props, unwrapProps } from "../values";

export function toExisting(state: ResourceState): Existing {
  const { urn, type, id = "" } = state;
  return { urn, type, id, inputs: unwrapProps(state.inputs), outputs: unwrapProps(state.outputs) };
}

/** Top-level outputs that differ, except internal ones. */
export function changedOutputs(old: ResourceState, now: ResourceState): string[] {
  const keys = Object.keys({ ...old.outputs, ...now.outputs });
  return keys.filter((key) => !isInternalKey(key) && canonical(old.outputs?.[key]) !== canonical(now.outputs?.[key]));
}

/** The expected outputs of a replacement for the display; outputs that are not inputs are unknown. */
export function plannedOutputs(old: ResourceState, inputs: Props): Props {
  const computed = mapProps(old.outputs ?? {}, (value) => (value === null ? null : Unknown.instance));
  for (const key of Object.keys(computed)) if (isInternalKey(key) || computed[key] === null) delete computed[key];
  return { ...computed, ...inputs };
}

/** `props` without values that contain an unknown. */
export const knownProps = (props: Props): Props =>
  Object.fromEntries(Object.entries(props).filter(([, value]) => !containsUnknown(value)));
