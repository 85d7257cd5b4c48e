import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";

const project = path.join(__dirname, "..");
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "engine/README.md",
  "examples/README.md",
  "standin/README.md",
];
for (const name of fs.readdirSync(path.join(project, "docs"))) pages.push(`docs/${name}`);

/** Files that the documentation names, and that a command or a reader creates. */
const created = ["images/apim/context", "product/roles/admin.ts", "components/adminNode.ts", "standin/roles/admin.ts"];

function read(page: string): string {
  return fs.readFileSync(path.join(project, page), "utf8");
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchors(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

describe("documentation", () => {
  for (const page of pages) {
    it(`${page}: links lead to files and headings that exist`, () => {
      for (const [, target = ""] of read(page).matchAll(/\]\(([^)]*)\)/g)) {
        if (/^https?:/.test(target)) continue;
        const [file = "", anchor] = target.split("#");
        const linked = file === "" ? page : path.join(path.dirname(page), file);
        assert.ok(fs.existsSync(path.join(project, linked)), `${target}: there is no such file`);
        if (anchor !== undefined) assert.ok(anchors(linked).includes(anchor), `${target}: there is no such heading`);
      }
    });

    it(`${page}: commands exist in package.json`, () => {
      const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
      for (const [command, name = ""] of read(page).matchAll(/npm run (?:--silent )?([a-z]+)/g))
        assert.ok(name in scripts, `${command}: there is no such command`);
    });

    it(`${page}: files and folders that it names exist`, () => {
      const top = fs.readdirSync(project).filter((name) => !name.startsWith("."));
      for (const [, name = ""] of read(page).matchAll(/`([\w./-]+)`/g)) {
        const [first = ""] = name.split("/");
        if (!name.includes("/") || !top.includes(first) || created.includes(name)) continue;
        assert.ok(fs.existsSync(path.join(project, name)), `${name}: there is no such file or folder`);
      }
    });
  }
});
