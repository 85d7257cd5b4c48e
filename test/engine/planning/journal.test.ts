import assert from "node:assert/strict";
import { StateFile } from "../../../engine/backend/stateFile";
import type { ResourceState } from "../../../engine/model";
import { Journal } from "../../../engine/planning/journal";
import { removeTemporaryDirs, stack, THING, temporaryDir, urnOf } from "../support";

const state = (name: string, more: Partial<ResourceState> = {}): ResourceState => ({
  urn: urnOf(name),
  type: THING,
  custom: true,
  id: name,
  ...more,
});

describe("journal", () => {
  after(removeTemporaryDirs);

  function opened(...resources: ResourceState[]) {
    const file = new StateFile(temporaryDir(), stack);
    return { journal: new Journal(file, resources, undefined), written: () => file.read()?.resources ?? [] };
  }

  it("adopt: an object that an interrupted create left behind replaces the resource that was deleted before it", async () => {
    const { journal, written } = opened(state("a", { pendingReplacement: true }));
    const operation = await journal.begin(state("a"), "creating");
    await journal.adopt(operation, state("a"));
    assert.deepEqual(written(), [state("a")]);
  });

  it("replace and settle refuse a resource that is no longer in the state", async () => {
    const { journal } = opened(state("a"));
    await assert.rejects(
      journal.replace(undefined, state("a"), state("a", { protect: true })),
      /another step has changed/,
    );
    await assert.rejects(journal.settle(undefined, state("a")), /another step has changed or deleted this resource/);
  });
});
