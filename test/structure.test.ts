import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";

const project = path.join(__dirname, "..");
const LOCAL_ENGINE = ["backend", "engine", "providers", "cli"];
/** What a folder may know besides itself; the program is all that is not here. */
const MAY_KNOW: Readonly<Record<string, readonly string[]>> = {
  backend: [],
  engine: ["backend/"],
  providers: ["engine/provider.ts", "engine/values.ts", "engine/duration.ts"],
};

/** TypeScript files below a folder of the project, as paths from the project. */
function sources(folder = ""): string[] {
  return fs.readdirSync(path.join(project, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory())
      return ["node_modules", "dist", "test"].includes(entry.name) || entry.name.startsWith(".") ? [] : sources(file);
    return file.endsWith(".ts") ? [file] : [];
  });
}

/** The project's files that a file imports, types included. */
function imports(file: string): string[] {
  const text = fs.readFileSync(path.join(project, file), "utf8");
  return [...text.matchAll(/(?:\bfrom |\bimport\()"(\.[^"]*)"/g)].map(([, specifier = ""]) => {
    const target = path.join(path.dirname(file), specifier);
    const found = [`${target}.ts`, path.join(target, "index.ts")].find((each) =>
      fs.existsSync(path.join(project, each)),
    );
    return found ?? assert.fail(`${file}: imports ${specifier}, which is no file`);
  });
}

const lines = (file: string): number => fs.readFileSync(path.join(project, file), "utf8").split("\n").length - 1;

describe("the project's structure", () => {
  const files = sources();

  for (const [folder, known] of Object.entries(MAY_KNOW))
    it(`${folder}/ knows ${known.join(", ") || "no other folder"}`, () => {
      const own = files.filter((file) => file.startsWith(`${folder}/`));
      assert.ok(own.length > 0);
      const allowed = [`${folder}/`, ...known];
      for (const file of own)
        for (const target of imports(file))
          assert.ok(
            allowed.some((each) => target.startsWith(each)),
            `${file} imports ${target}`,
          );
    });

  it("the program depends on neither the local engine nor the commands", () => {
    const within = (file: string) => LOCAL_ENGINE.some((folder) => file.startsWith(`${folder}/`));
    const program = files.filter((file) => !within(file));
    assert.ok(program.includes("index.ts"));
    for (const file of program) for (const target of imports(file)) assert.ok(!within(target), `${file}: ${target}`);
  });

  it("the engine stays under 3,000 lines, and every file about 300", () => {
    const engine = files.filter((file) => file.startsWith("engine/"));
    const total = engine.reduce((sum, file) => sum + lines(file), 0);
    assert.ok(total < 3000, `engine/ has ${total} lines`);
    for (const file of files) assert.ok(lines(file) <= 310, `${file} has ${lines(file)} lines`);
  });
});
