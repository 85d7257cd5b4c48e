import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";

const project = path.join(__dirname, "..");

/**
 * The folders and files of the program. Each may import only itself and the entries before it; type imports count.
 * Import cycles between files are found by biome's rule noImportCycles (`npm run check`).
 */
const PROGRAM = [
  "errors.ts",
  "product/",
  "xml/",
  "settings/",
  "topology/",
  "distribution/",
  "configs/",
  "services/",
  "certificates/",
  "databases/",
  "images/",
  "plan/",
  "components/",
  "library.ts",
  "outputs.ts",
  "index.ts",
];

/** Files of the engine that its folders share: what a provider is, and how resources and values look. */
const ENGINE = ["engine/provider.ts", "engine/values.ts", "engine/model.ts", "engine/events.ts", "engine/duration.ts"];

/** The other folders, and what each may import besides itself. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  "engine/backend/": [],
  "engine/providers/": ["engine/provider.ts", "engine/values.ts", "engine/duration.ts", "engine/dynamicProcess.ts"],
  "engine/planning/": [...ENGINE, "engine/backend/"],
  "engine/program/": [...ENGINE, "engine/backend/", "engine/planning/", "engine/sdkProcess.ts"],
  "engine/display/": [...ENGINE, "engine/backend/"],
  "engine/": [],
  "standin/": ["product/", "certificates/"],
  "cli/": [...PROGRAM, "engine/"],
  "tools/": [...PROGRAM, "engine/", "cli/"],
};

/** The TypeScript files below a folder, as paths from the project's directory. */
function sources(folder = ""): string[] {
  return fs.readdirSync(path.join(project, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory())
      return ["node_modules", "dist", "test", "examples"].includes(entry.name) || entry.name.startsWith(".")
        ? []
        : sources(file);
    return file.endsWith(".ts") ? [file] : [];
  });
}

/** The files of the project that a file imports, type imports included. */
function imports(file: string): string[] {
  const text = fs.readFileSync(path.join(project, file), "utf8");
  return [...text.matchAll(/(?:\bfrom |\bimport |\bimport\(|\brequire\()"(\.[^"]*(?<!\.cjs))"/g)].map(
    ([, specifier = ""]) => {
      const target = path.join(path.dirname(file), specifier);
      const found = [`${target}.ts`, path.join(target, "index.ts")].find((each) =>
        fs.existsSync(path.join(project, each)),
      );
      return found ?? assert.fail(`${file}: imports ${specifier}, but there is no such file`);
    },
  );
}

/** What a file may import. @returns undefined if the file belongs to no known folder */
function allowedFor(file: string): readonly string[] | undefined {
  const other = Object.keys(OTHERS).find((folder) => file.startsWith(folder));
  if (other !== undefined) return [other, ...(OTHERS[other] ?? [])];
  const own = PROGRAM.findIndex((each) => file.startsWith(each));
  return own < 0 ? undefined : PROGRAM.slice(0, own + 1);
}

describe("project structure", () => {
  const files = sources();

  for (const folder of [...PROGRAM, ...Object.keys(OTHERS)])
    it(`${folder} imports only what its rule permits`, () => {
      const own = files.filter((file) => allowedFor(file) !== undefined && file.startsWith(folder));
      assert.ok(own.length > 0, `${folder} holds no source file`);
      for (const file of own)
        for (const target of imports(file))
          assert.ok(
            allowedFor(file)?.some((each) => target.startsWith(each)),
            `${file} imports ${target}`,
          );
    });

  it("every source file belongs to an entry with a rule", () => {
    for (const file of files) assert.ok(allowedFor(file), `${file}: add its folder to this test`);
  });

  it("no file outside product/ compares a role with a name", () => {
    const name = "[\"'`](keyManager|gateway|publisher|store)[\"'`]";
    const asksForRole = new RegExp(
      [
        `\\brole [!=]==? ["'\`]`,
        `[!=]==? ${name}`,
        `${name} [!=]==?`,
        `\\bcase ${name}:`,
        `${name}\\]\\.includes\\(`,
      ].join("|"),
    );
    for (const file of files.filter((each) => !each.startsWith("product/")))
      for (const line of fs.readFileSync(path.join(project, file), "utf8").split("\n"))
        assert.ok(!asksForRole.test(line), `${file}: put it into the roles' records in product/roles: ${line.trim()}`);
  });

  it("test/ has no folder that the project does not have", () => {
    const folders = (below: string): string[] =>
      fs
        .readdirSync(path.join(project, "test", below), { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !["integration", "fixtures"].includes(entry.name))
        .flatMap(({ name }) => [path.join(below, name), ...folders(path.join(below, name))]);
    for (const folder of folders(""))
      assert.ok(fs.existsSync(path.join(project, folder)), `test/${folder}: the project has no folder ${folder}`);
  });

  it("files have at most 310 lines", () => {
    for (const file of files) {
      const lines = fs.readFileSync(path.join(project, file), "utf8").split("\n").length - 1;
      assert.ok(lines <= 310, `${file} has ${lines} lines`);
    }
  });
});
