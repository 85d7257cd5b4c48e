import assert from "node:assert/strict";
import { type NewElement, XmlEdit } from "../../xml/edit";
import { find, parseFile } from "../../xml/parse";

const invoice = `<?xml version="1.0"?>
<!-- kept -->
<invoice>
    <customer  id='7'>A &amp; B</customer>
    <line><amount>1</amount></line>
    <!-- <note>thanks</note> -->
</invoice>
`;

/** The text after an edit. */
function edited(change: (edit: XmlEdit) => void, text = invoice, staleAttribute?: RegExp): string {
  const edit = new XmlEdit(parseFile("invoice.xml", Buffer.from(text), "1.0"), { staleAttribute });
  change(edit);
  return edit.apply();
}

describe("XML edits", () => {
  it("setText, setAttribute: all other bytes stay", () => {
    const text = edited((edit) => {
      edit.setText(edit.need("line/amount"), 2);
      edit.setAttribute(edit.need("customer"), "id", 8);
    });
    assert.equal(text, invoice.replace("<amount>1<", "<amount>2<").replace("'7'", "'8'"));
  });

  it("setText: a value that the file has already changes nothing", () => {
    assert.equal(
      edited((edit) => edit.setText(edit.need("customer"), "A & B")),
      invoice,
    );
  });

  it("setText: escapes the value, and leaves a secret as a placeholder", () => {
    const text = (value: string | { secret: string }) => edited((edit) => edit.setText(edit.need("customer"), value));
    assert.match(text("<&"), />&lt;&amp;<\/customer>/);
    assert.match(text({ secret: "name" }), />\{\{secret:name\}\}<\/customer>/);
    assert.doesNotMatch(text("{{secret:name}}"), /\{\{secret:/);
  });

  it("setText: removes an attribute that would override the text", () => {
    const text = edited((edit) => edit.setText(edit.root, "new"), '<a v:from="vault" b="1">old</a>', /:from$/);
    assert.equal(text, '<a b="1">new</a>');
  });

  it("ensure: uses the commented-out element, else goes behind a sibling, else fails with the path", () => {
    const ensure = (name: string, after: string[]) => edited((edit) => edit.ensure(edit.root, name, "bye", { after }));
    assert.equal(ensure("note", ["customer"]), invoice.replace("<!-- <note>thanks</note> -->", "<note>bye</note>"));
    assert.match(ensure("date", ["missing", "customer"]), /<\/customer>\n {4}<date>bye<\/date>\n/);
    assert.throws(
      () => ensure("date", ["missing"]),
      /invoice\.xml \(1\.0\): found no invoice\/date, commented out or not/,
    );
  });

  it("insertAfter, insertFirst: new elements are indented as their siblings", () => {
    const element: NewElement = { name: "line", content: [{ name: "amount", content: 2 }] };
    const block = "\n    <line>\n        <amount>2</amount>\n    </line>";
    const after = edited((edit) => edit.insertAfter(edit.need("line"), [element]));
    assert.equal(after, invoice.replace("</line>", `</line>${block}`));
    const first = edited((edit) => edit.insertFirst(edit.root, [element]));
    assert.equal(first, invoice.replace("<invoice>", `<invoice>${block}`));
  });

  it("insertCopyAfter: the copy is changed, the original stays", () => {
    const text = edited((edit) => {
      const line = edit.need("line");
      edit.insertCopyAfter(line, line, (copy) => copy.setText(copy.need("amount"), 2));
    });
    assert.equal(text, invoice.replace("</line>", "</line>\n    <line><amount>2</amount></line>"));
  });

  it("remove: takes the element's line with it", () => {
    const text = edited((edit) => edit.remove(edit.need("line")));
    assert.equal(text, invoice.replace("    <line><amount>1</amount></line>\n", ""));
  });

  it("changes that overlap are refused", () => {
    assert.throws(
      () =>
        edited((edit) => {
          edit.remove(edit.need("line"));
          edit.setText(edit.need("line/amount"), 2);
        }),
      /invoice\.xml: two changes overlap/,
    );
  });
});

describe("XML parsing", () => {
  it("a path that is missing is an error that names file, version and path", () => {
    const file = parseFile("invoice.xml", Buffer.from(invoice), "1.0");
    assert.equal(find(file.root, "line/total"), undefined);
    assert.throws(() => new XmlEdit(file).need("line/total"), /invoice\.xml \(1\.0\): found no invoice\/line\/total/);
  });

  it("a file that is not well-formed is an error that names the line", () => {
    assert.throws(
      () => parseFile("a.xml", Buffer.from("<a>\n<b></a>"), "1.0"),
      /a\.xml \(1\.0\): is not well-formed XML: line 2/,
    );
  });
});
