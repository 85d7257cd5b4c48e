import assert from "node:assert/strict";
import { everyGateway } from "../../../cli/verify/everyGateway";
import type { ProbeAnswer } from "../../../cli/verify/httpProbe";

const names = ["gateway-1", "gateway-2", "gateway-3"];

describe("verify: calling every gateway", () => {
  /** The gateways answer in turn. A gateway's function gets the number of its calls, and returns a status. */
  function run(answers: Readonly<Record<string, (asked: number) => number | undefined>>, limit = 30) {
    let turn = 0;
    const asked: Record<string, number> = {};
    const call = async (): Promise<ProbeAnswer> => {
      for (;;) {
        const name = Object.keys(answers)[turn++ % Object.keys(answers).length] ?? "";
        asked[name] = (asked[name] ?? 0) + 1;
        const status = answers[name]?.(asked[name]);
        // A gateway that is down receives no call.
        if (status !== undefined) return { status, headers: { "x-apim-node": name }, body: "" };
      }
    };
    return everyGateway({
      names: Object.keys(answers),
      call,
      judge: ({ status }) => (status === 200 ? "good" : status === 404 ? "not yet" : "wrong"),
      waiting: { limit, every: 5, signal: new AbortController().signal },
    });
  }
  const all = (status: (asked: number) => number | undefined) =>
    Object.fromEntries(names.map((name) => [name, status]));

  it("succeeds when each gateway has given a good answer, whatever its earlier answers were", async () => {
    assert.equal(await run(all(() => 200)), undefined);
    assert.equal(await run(all((asked) => (asked < 3 ? 404 : 200))), undefined);
    assert.equal(await run({ "gateway-1": () => 200 }), undefined);
  });

  it("names the gateway that never gives a good answer", async () => {
    const bad = await run({ ...all(() => 200), "gateway-2": () => 404 });
    assert.deepEqual([bad?.name, bad?.answer?.status, bad?.another], ["gateway-2", 404, true]);
    const none = await run(all(() => 404));
    assert.deepEqual([none?.name, none?.another], ["gateway-1", false]);
  });

  it("names the gateway that receives no call", async () => {
    const bad = await run({ ...all(() => 200), "gateway-3": () => undefined });
    assert.deepEqual([bad?.name, bad?.answer, bad?.another], ["gateway-3", undefined, true]);
  });

  it("does not wait after a wrong answer", async () => {
    const started = Date.now();
    const bad = await run({ ...all(() => 200), "gateway-2": () => 500 }, 5000);
    assert.deepEqual([bad?.name, bad?.answer?.status], ["gateway-2", 500]);
    assert.ok(Date.now() - started < 1000);
  });

  it("needs no name in the answers of a single gateway", async () => {
    const answer: ProbeAnswer = { status: 200, headers: {}, body: "" };
    const waiting = { limit: 20, every: 5, signal: new AbortController().signal };
    const only = { names: ["gateway-1"], call: async () => answer, waiting };
    assert.equal(await everyGateway({ ...only, judge: () => "good" }), undefined);
    assert.equal((await everyGateway({ ...only, judge: () => "not yet" }))?.name, "gateway-1");
  });
});
