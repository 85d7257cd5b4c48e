import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { stopper } from "../../../cli/verify/stopper";

/** A process that receives signals. */
class FakeProcess extends EventEmitter {
  readonly said: string[] = [];
  readonly stderr = { write: (text: string) => this.said.push(text) };
  exit(status: number): void {
    this.said.push(`exit ${status}`);
  }
}

describe("verify: Ctrl-C", () => {
  const container = (name: string) => `apim-dev-${name}`;
  const startCommand = (names: readonly string[]) => `start ${names.join()}`;

  it("the first one stops the run, the second one ends the process", () => {
    const by = new FakeProcess();
    const { signal, end } = stopper(undefined, by);
    by.emit("SIGINT");
    assert.equal(signal.aborted, true);
    assert.deepEqual(by.said, ["Stopping; removing what verify created. Press Ctrl-C again to end at once.\n"]);
    by.emit("SIGTERM");
    assert.deepEqual(by.said.slice(1), ["exit 130"]);
    end();
    assert.deepEqual([by.listenerCount("SIGINT"), by.listenerCount("SIGTERM")], [0, 0]);
  });

  it("names a node that is down: the first one starts it, after the second one the user has to", () => {
    const by = new FakeProcess();
    stopper({ stopped: new Set(["store-1"]), container, startCommand }, by);
    by.emit("SIGINT");
    assert.match(by.said[0] ?? "", /^Stopping; starting apim-dev-store-1 and removing what verify created\./);
    by.emit("SIGINT");
    assert.deepEqual(by.said.slice(1), ["Not started again; run: start store-1\n", "exit 130"]);
  });

  it("names no node when none is down", () => {
    const by = new FakeProcess();
    stopper({ stopped: new Set(), container, startCommand }, by);
    by.emit("SIGINT");
    by.emit("SIGINT");
    assert.deepEqual([by.said.length, by.said[1]], [2, "exit 130"]);
  });
});
