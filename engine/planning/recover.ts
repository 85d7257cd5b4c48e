/** Looks after what a killed or failed run left open, before anything else happens. */

import { type PendingOperation, providerUrn } from "../model";
import { existing, messageOf, type Steps } from "./steps";

/**
 * - creating: an object that the cut-off create made is taken into the state, to be updated or replaced unless it is complete;
 * - updating, deleting: the state gets what is really there now, or forgets what is gone.
 *
 * What can't be looked at, e.g. because its server is what this run will start again, stays open: it is looked at once
 * more when the program registers it.
 */
export async function recoverPending(pending: readonly PendingOperation[], steps: Steps): Promise<void> {
  // In the journal again until settled: this run may be cut off as well.
  const reopened = await Promise.all(pending.map(({ resource, type }) => steps.journal.begin(resource, type)));
  for (const operation of reopened) await recover(operation, steps);
}

export async function recover(operation: PendingOperation, steps: Steps): Promise<void> {
  const { journal } = steps;
  const { resource, type } = operation;
  const { urn } = resource;
  const say = (what: string) =>
    steps.emit({ kind: "log", severity: "info", message: `an earlier run stopped while ${type}: ${what}`, urn });
  try {
    // It was deleted after all that it had made: there is nobody left to ask, and nothing to ask for.
    const orphaned = resource.provider && !journal.has(providerUrn(resource.provider));
    if (orphaned) {
      say("it went with its provider");
      return await journal.settle(operation, undefined);
    }
    const provider = steps.registry.of(resource);
    const recorded = journal.remaining().find((each) => each.urn === urn && each.id === resource.id);
    if (type === "creating") {
      const found = await steps.leftBehind(resource);
      const nothing = provider.recover ? "nothing of it is left" : "what it made, if anything, can't be found again";
      say(found ? "taken over what it had made" : nothing);
      const initErrors = found?.complete ? undefined : ["the run that created it was cut off"];
      const outputs = found && steps.marked(resource, found.outputs);
      await journal.adopt(operation, found && { ...resource, id: found.id, outputs, initErrors });
    } else if (type === "reading" || recorded === undefined) await journal.settle(operation, undefined);
    else {
      const found = await provider.read(existing(recorded), steps.context(recorded));
      say(found ? "recorded what is there now" : "it is gone");
      if (found === undefined) await journal.settle(operation, recorded);
      else await journal.replace(operation, recorded, steps.refreshed(recorded, found));
    }
  } catch (error) {
    steps.warn(urn, `an earlier run stopped while ${type}, and can't be looked after yet: ${messageOf(error)}`);
  }
}
