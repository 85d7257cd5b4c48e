import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { Display, painter, type RunKind } from "../../../engine/display/display";
import { changeDigest } from "../../../engine/display/displayJson";
import { ValuePrinter } from "../../../engine/display/displayValues";
import type { EngineEvent, Step } from "../../../engine/events";
import type { ResourceState } from "../../../engine/model";
import { Unknown } from "../../../engine/provider";
import { type Props, Secret } from "../../../engine/values";

const plain = (_tone: string, text: string) => text;
const printer = new ValuePrinter(plain);
const urn = (name: string, type = "toy:index/thing:Thing") => `urn:pulumi:dev::shelf::${type}::${name}`;
const root: ResourceState = {
  urn: urn("shelf-dev", "pulumi:pulumi:Stack"),
  type: "pulumi:pulumi:Stack",
  custom: false,
};
const thing: ResourceState = {
  urn: urn("a"),
  type: "toy:index/thing:Thing",
  custom: true,
  id: "a-1",
  parent: root.urn,
  provider: `${urn("default_1_0_0", "pulumi:providers:toy")}::p`,
};

function show(kind: RunKind, diff: boolean, events: readonly EngineEvent[], failed = false): string {
  const parts: string[] = [];
  const display = new Display({ kind, stack: "dev", diff, paint: plain, write: (part) => parts.push(part) });
  for (const event of events) display.event(event);
  display.finish(1234, failed);
  return parts.join("");
}
const done = (step: Step, ms = 0): EngineEvent => ({ kind: "done", step, ms });

describe("display", () => {
  it("values: keys are aligned, internal keys hidden, long text shortened, secrets masked at any depth", () => {
    const text = printer.object(
      {
        name: "n",
        __defaults: [],
        long: "1\n2\n3\n4",
        list: [1, new Secret("hush")],
        none: null,
        o: { unknown: Unknown.instance, s: new Secret({ x: "hush" }) },
      },
      1,
    );
    assert.equal(
      text,
      [
        "    list      : [",
        "        [0]: 1",
        "        [1]: [secret]",
        "    ]",
        '    long      : "1\\n2\\n3\\n..."',
        '    name      : "n"',
        "    none      : <null>",
        "    o         : {",
        "        s      : [secret]",
        "        unknown: [unknown]",
        "    }",
        "",
      ].join("\n"),
    );
  });

  it("changed text: changed lines with two lines of context, in the official engine's layout", () => {
    const file = (b: string) => `<a>1</a>\n<b>${b}</b>\n<c>3</c>\n<d/>\n<e/>\n<f/>\n<g>\n</g>\n`;
    const text = printer.objectDiff(
      { keepers: { "/a.conf": file("21") }, same: 1 },
      { keepers: { "/a.conf": file("71") }, same: 1 },
      2,
      ["keepers"],
    );
    const expected = [
      "      ~ keepers: {",
      "          ~ /a.conf: ",
      "                <a>1</a>",
      "              - <b>21</b>",
      "              + <b>71</b>",
      "                <c>3</c>",
      "                <d/>",
      "                ...",
      "        }",
      "",
    ];
    assert.equal(text, expected.join("\n"));
    const sample = path.resolve(__dirname, "../../../../shared/data/pulumi-samples/06-preview-config-change.txt");
    if (!existsSync(sample)) return console.log(`      not compared with the sample: no ${sample}`);
    // The official engine's output contains the same diff.
    assert.ok(readFileSync(sample, "utf8").includes(expected.slice(2, 8).join("\n")));
  });

  it("changed list elements are shown with their index, in the official engine's layout", () => {
    const labels = (value: unknown) =>
      ({
        labels: [
          { label: "x", value: "same" },
          { label: "config", value },
        ],
      }) as Props;
    assert.equal(
      printer.objectDiff(
        { ...labels("48e2b669"), uploads: new Secret("hush1") },
        { ...labels(Unknown.instance), uploads: new Secret("hush2") },
        2,
        ["labels", "uploads"],
      ),
      [
        "      ~ labels : [",
        "          ~ [1]: {",
        '                  ~ value: "48e2b669" => [unknown]',
        "                }",
        "        ]",
        "      ~ uploads: [secret] => [secret]",
        "",
      ].join("\n"),
    );
  });

  it("summary: a resource that an earlier run replaced counts as a deletion, and a replacement counts once", () => {
    const old = { ...thing, delete: true };
    const late = done({ op: "delete-replaced", urn: thing.urn, old });
    assert.match(show("preview", false, [late]), /Resources:\n {4}- 1 to delete\n$/);
    const begun = done({ op: "replace", urn: thing.urn, old: thing, new: thing });
    assert.doesNotMatch(show("up", false, [begun], true), /replaced\n/);
    const replaced = show("up", false, [begun, done({ op: "create-replacement", urn: thing.urn, new: thing }), late]);
    assert.match(replaced, /Resources:\n {4}\+-1 replaced\n\n/);
  });

  it("errors are repeated at the end, once per message with the resources concerned", () => {
    const failing = (name: string, message: string): EngineEvent => {
      return { kind: "log", severity: "error", message, urn: thing.urn.replace(/::a$/, `::${name}`) };
    };
    const names = ["a", "b", "c", "d", "e", "f", "g"];
    const events = [...names.map((name) => failing(name, "nobody answers")), failing("a", "no room")];
    const said = show("up", false, [...events, { kind: "log", severity: "error", message: "the program ended" }], true);
    const end = said.slice(said.indexOf("Failed:"));
    const listed = names.slice(0, 5).map((name) => `toy:index:Thing ${name}`);
    assert.ok(
      end.includes(
        `    error: ${listed.join(", ")} and 2 more: nobody answers\n    error: toy:index:Thing a: no room\n`,
      ),
      end,
    );
    assert.ok(end.includes("    error: the program ended\n"));
  });

  it("added, removed and retyped properties are shown", () => {
    assert.equal(
      printer.objectDiff({ a: 1, b: [1], c: "x" }, { b: [1, 2], c: ["x"], d: { e: 1 } }, 1),
      [
        "  - a: 1",
        "  ~ b: [",
        "        [0]: 1",
        "      + [1]: 2",
        "    ]",
        '  - c: "x"',
        "  + c: [",
        '        [0]: "x"',
        "    ]",
        "  + d: {",
        "        e: 1",
        "    }",
        "",
      ].join("\n"),
    );
  });

  it("changed text: distant changes are separated by ...", () => {
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`);
    const changed = lines.map((line, index) => (index === 3 || index === 15 ? `${line}!` : line));
    const text = printer.objectDiff({ f: lines.join("\n") }, { f: changed.join("\n") }, 1);
    assert.deepEqual(
      text.split("\n").map((line) => line.trim()),
      [
        "~ f:",
        "line 0",
        "line 1",
        "line 2",
        "- line 3",
        "+ line 3!",
        "line 4",
        "line 5",
        "...",
        "line 13",
        "line 14",
        "- line 15",
        "+ line 15!",
        "line 16",
        "line 17",
        "...",
        "",
      ],
    );
  });

  it("preview with diff: header, notes, properties indented below shown parents, summary", () => {
    const box: ResourceState = {
      ...root,
      urn: urn("box", "shelf:index:Box"),
      type: "shelf:index:Box",
      parent: root.urn,
    };
    const text = show("preview", true, [
      done({ op: "same", urn: root.urn, old: root, new: root }),
      done({ op: "same", urn: box.urn, old: box, new: box }),
      done({
        op: "create",
        urn: thing.urn,
        new: { ...thing, id: undefined, parent: box.urn, inputs: { name: "a", key: new Secret("hush") } },
      }),
      done({ op: "same", urn: urn("default_1_0_0", "pulumi:providers:toy"), new: thing }),
    ]);
    assert.equal(
      text,
      `Previewing update (dev):
  pulumi:pulumi:Stack: (same)
    [urn=${root.urn}]
    + toy:index/thing:Thing: (create)
        [urn=${thing.urn}]
        [provider=${thing.provider}]
        key : [secret]
        name: "a"
Resources:
    + 1 to create
    2 unchanged
`,
    );
  });

  it("summary: a replacement counts once, and a run without changes says so", () => {
    const step = {
      urn: thing.urn,
      old: thing,
      new: thing,
      diffs: ["a", "b"],
      detailed: { a: "add", b: "update" },
    } as const;
    const replaced = show("preview", false, [
      done({ ...step, op: "replace" }),
      done({ ...step, op: "create-replacement" }),
      done({ ...step, op: "delete-replaced" }),
    ]);
    assert.match(replaced, / \+- toy:index:Thing a replace \[diff: \+a~b\]\n/);
    assert.match(replaced, /Resources:\n {4}\+-1 to replace\n$/);
    assert.match(
      show("up", false, [done({ op: "same", urn: thing.urn, new: thing })]),
      /1 unchanged\nNo changes: all resources match the program/,
    );
    assert.ok(!show("up", false, [], true).includes("No changes"));
  });

  it("outputs: secrets are masked, and a preview shows only certain changes", () => {
    const olds = { ip: "1", key: new Secret("hush1"), url: "u" };
    const news = { ip: Unknown.instance, key: new Secret("hush2"), url: "v" };
    assert.match(
      show("preview", false, [{ kind: "outputs", olds, news }]),
      /Outputs:\n {2}~ key: \[secret\] => \[secret\]\n {2}~ url: "u" => "v"\n\n/,
    );
    assert.match(
      show("up", false, [{ kind: "outputs", olds: {}, news }]),
      /Outputs:\n {4}ip : \[unknown\]\n {4}key: \[secret\]\n {4}url: "v"\n/,
    );
  });

  it("colours are used on a terminal only, and not with NO_COLOR", () => {
    assert.equal(painter({ isTTY: true }, {})("add", "x"), "\u001b[32mx\u001b[0m");
    assert.equal(painter({ isTTY: true }, { NO_COLOR: "1" })("add", "x"), "x");
    assert.equal(painter({ isTTY: true }, { TERM: "dumb" })("add", "x"), "x");
    assert.equal(painter({}, {})("add", "x"), "x");
  });

  it("JSON: contains changes and the stack, with secrets masked and unknown values marked", () => {
    const state = { ...thing, inputs: { key: new Secret("hush"), hex: Unknown.instance } };
    const text = JSON.stringify(
      changeDigest(
        [
          done({ op: "same", urn: root.urn, new: root }),
          done({ op: "same", urn: thing.urn, new: thing }),
          done({
            op: "update",
            urn: thing.urn,
            old: state,
            new: state,
            diffs: ["key"],
            replaces: [],
            detailed: { key: "update" },
          }),
        ],
        { "p:a": "[secret]" },
        new Map([["update", 1]]),
        2,
      ),
    );
    assert.ok(!text.includes("hush"));
    const { steps, changeSummary, duration } = JSON.parse(text);
    assert.deepEqual(
      steps.map(({ op }: { op: string }) => op),
      ["same", "update"],
    );
    assert.deepEqual(steps[1].newState.inputs, { key: "[secret]", hex: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" });
    assert.deepEqual(steps[1].detailedDiff, { key: { kind: "update", inputDiff: false } });
    assert.deepEqual([changeSummary, duration], [{ update: 1 }, 2e6]);
  });
});
