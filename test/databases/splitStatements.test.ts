import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { splitStatements } from "../../databases/splitStatements";

const texts = (script: string) => splitStatements(script).map(({ text }) => text);

/** Statements that contain delimiters and comment marks, and must stay as they are. */
const pieces = [
  "CREATE TABLE A (B INT)",
  "INSERT INTO A VALUES ('a;b', \"c;d\")",
  "SELECT `od;d` FROM `a``;b`",
  "SELECT 'it''s; -- no comment', 'back\\'slash;', '\\\\'",
  "SELECT \"/* no; comment */\", '# none; either'",
  "SELECT 5--1",
  "SELECT /*+ MAX_EXECUTION_TIME(1;) */ 1",
  "/*!40101 SET @a = ';*/;' */",
  "UPDATE A SET\n  B = 1,\r\n  C = 2",
];
const gaps = [
  "",
  " ",
  "\n\n",
  "-- a; comment's\n",
  '# another; "one\n',
  "/* a; 'third\n one */",
  "\r\n",
  "--\n",
  "\t--\tx\n",
];

describe("splitting a MySQL script", () => {
  it("keeps every statement and removes every comment, in any mixture", () => {
    const statement = fc.constantFrom(...pieces);
    const gap = fc.array(fc.constantFrom(...gaps), { maxLength: 4 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.array(fc.tuple(gap, statement, gap), { maxLength: 8 }), gap, (parts, last) => {
        const script = parts.map(([before, text, after]) => `${before}${text}${after};`).join("") + last;
        assert.deepEqual(
          texts(script),
          parts.map(([, text]) => text),
        );
      }),
      { numRuns: 500 },
    );
  });

  it("never splits a string", () => {
    const anything = fc.string({
      unit: fc.constantFrom("'", '"', "`", "\\", ";", "-", " ", "#", "/", "*", "\n", "a", "é"),
    });
    fc.assert(
      fc.property(anything, (content) => {
        const text = `SELECT '${content.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
        assert.deepEqual(texts(`${text};SELECT 2;`), [text, "SELECT 2"]);
      }),
      { numRuns: 500 },
    );
  });

  it("returns the line on which each statement begins", () => {
    const script = "-- one\nSELECT 1; SELECT 2;\n\n/* two\nlines */ SELECT\n3;\n# x\n  SELECT 4";
    assert.deepEqual(splitStatements(script), [
      { text: "SELECT 1", line: 2 },
      { text: "SELECT 2", line: 2 },
      { text: "SELECT\n3", line: 5 },
      { text: "SELECT 4", line: 8 },
    ]);
  });

  it("DELIMITER lines change the delimiter, and change it back", () => {
    const script = [
      "SELECT 1;",
      "DELIMITER //",
      "CREATE TRIGGER T BEFORE INSERT ON A FOR EACH ROW BEGIN SET @x = 1; SET @y = '//'; END //",
      "delimiter ;",
      "SELECT 2;",
      "SELECT delimiter",
      "  FROM A;",
    ].join("\n");
    assert.deepEqual(texts(script), [
      "SELECT 1",
      "CREATE TRIGGER T BEFORE INSERT ON A FOR EACH ROW BEGIN SET @x = 1; SET @y = '//'; END",
      "SELECT 2",
      "SELECT delimiter\n  FROM A",
    ]);
  });

  it("a script without statements gives none", () => {
    for (const script of ["", " \n", ";;", "-- only\n", "/* x */", "\ufeff", "--"]) assert.deepEqual(texts(script), []);
  });

  it("removes a byte order mark", () => {
    assert.deepEqual(texts("\ufeffSELECT 1"), ["SELECT 1"]);
  });

  for (const [script, message] of [
    ["SELECT 1;\nSELECT 'a;\n", /^line 2: the quote ' /],
    ["SELECT 1;\n\n/* a;\n", /^line 3: the comment/],
    ["\n/*! SET '*/;", /^line 2: the (quote|comment)/],
  ] as const) {
    it(`refuses a quote or comment that is not closed: ${JSON.stringify(script)}`, () => {
      assert.throws(() => splitStatements(script), { message });
    });
  }

  describe("on the product's scripts", () => {
    const data = resolve(__dirname, "../../../shared/data");
    const scripts = existsSync(data)
      ? readdirSync(data, { recursive: true })
          .map((name) => name.toString())
          .filter((name) => name.endsWith(".sql"))
      : [];

    it("scripts of the product are found", function () {
      if (!existsSync(data)) {
        console.log(`      skipped: there is no ${data}`);
        this.skip();
      }
      assert.ok(scripts.length >= 4, scripts.join(", "));
    });

    for (const name of scripts) {
      it(name, () => {
        const script = readFileSync(join(data, name), "utf8");
        const statements = splitStatements(script);
        const lines = script.split("\n");
        for (const { text, line } of statements) {
          assert.match(text, /^(CREATE|INSERT|ALTER|UPDATE|DROP|SET)\b/i);
          const begin = text.split("\n", 1)[0]?.trim() ?? "";
          assert.ok(lines[line - 1]?.includes(begin), `line ${line}: ${lines[line - 1]} contains ${begin}`);
        }
        // Counted independently of the splitting: every CREATE TABLE at the start of a line.
        const tables = script.match(/^\s*CREATE TABLE\b/gim)?.length;
        assert.equal(statements.filter(({ text }) => /^CREATE TABLE\b/i.test(text)).length, tables);
      });
    }
  });

  const own = join(__dirname, "../../standin/distribution/dbscripts");
  for (const name of readdirSync(own, { recursive: true }).map(String)) {
    if (!name.endsWith(".sql")) continue;
    it(`the stand-in's ${name} has only statements for tables`, () => {
      const statements = texts(readFileSync(join(own, name), "utf8"));
      assert.ok(statements.length > 5);
      for (const text of statements)
        assert.match(text, /^(CREATE (TABLE|INDEX|UNIQUE INDEX)|INSERT INTO|ALTER TABLE)\b/i);
    });
  }
});
