/** Recovers pending operations, which a killed or failed run left behind. */

import { errorMessage } from "../backend/errors";
import { type PendingOperation, providerUrn } from "../model";
import { toExisting } from "./stateProps";
import type { Steps } from "./steps";

/**
 * Recovers all pending operations before the run starts:
 * - creating: an object that the interrupted create left behind is added to the state; unless it is complete, this run
 *   updates or replaces it;
 * - updating, deleting: the state gets the actual properties, or the resource is removed from the state if it is gone.
 *
 * An operation that can't be recovered, e.g. because this run has yet to start the resource's server, stays pending. It is
 * retried when the program registers the resource.
 */
export async function recoverPending(pending: readonly PendingOperation[], steps: Steps): Promise<void> {
  // They stay in the state until they are recovered: this run may be interrupted as well.
  const begun = await Promise.all(pending.map(({ resource, type }) => steps.journal.begin(resource, type)));
  for (const operation of begun) await recover(operation, steps);
}

export async function recover(operation: PendingOperation, steps: Steps): Promise<void> {
  const { journal } = steps;
  const { resource, type } = operation;
  const { urn } = resource;
  const interrupted = `an earlier run was interrupted while ${type} this resource`;
  const report = (what: string) =>
    steps.emit({ kind: "log", severity: "info", message: `${interrupted}: ${what}`, urn });
  try {
    // A provider is deleted after its resources, so nothing is left to recover.
    const lostProvider = resource.provider && !journal.has(providerUrn(resource.provider));
    if (lostProvider) {
      report("its provider was deleted, and the resource with it");
      return await journal.settle(operation, undefined);
    }
    const provider = steps.registry.providerFor(resource);
    const recorded = journal.remaining().find((each) => each.urn === urn && each.id === resource.id);
    if (type === "creating") {
      const found = await steps.findLeftover(resource);
      const nothing = provider.recover
        ? "it left nothing behind"
        : "if it created an object, that object can't be identified";
      report(found ? "the object that it created was added to the state" : nothing);
      const initErrors = found?.complete ? undefined : ["the run that created it was interrupted"];
      const outputs = found && steps.markSecretOutputs(resource, found.outputs);
      await journal.adopt(operation, found && { ...resource, id: found.id, outputs, initErrors });
    } else if (type === "reading" || recorded === undefined) await journal.settle(operation, undefined);
    else {
      const found = await provider.read(toExisting(recorded), steps.context(recorded));
      report(found ? "its actual state was recorded" : "it no longer exists");
      if (found === undefined) await journal.settle(operation, recorded);
      else await journal.replace(operation, recorded, steps.refreshed(recorded, found));
    }
  } catch (error) {
    steps.warn(urn, `${interrupted}, and it can't be recovered yet: ${errorMessage(error)}`);
  }
}
