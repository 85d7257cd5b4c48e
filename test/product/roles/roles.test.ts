import assert from "node:assert/strict";
import { configurationFiles } from "../../../product/files";
import { type RoleRecord, roleRecords, roles, roleThat } from "../../../product/roles";
import { assertUnique } from "../../topology/support";

describe("product: roles", () => {
  const records = roles.map((role) => roleRecords[role]);

  it("names, host names, offsets and addresses belong to one role each", () => {
    assertUnique(records.map(({ name }) => name));
    assertUnique(records.map(({ host }) => host));
    assertUnique(records.map(({ offset }) => offset));
    assertUnique(
      records.flatMap(({ profile, servesApis }) => [profile, ...(servesApis ? [servesApis.workerProfile] : [])]),
    );
    const starts = records.map(({ firstAddress }) => firstAddress).sort((a, b) => a - b);
    for (const [position, start] of starts.entries())
      assert.ok(start - (starts[position - 1] ?? 0) >= 20, `addresses from ${start}: a role needs room for 20 nodes`);
  });

  it("roles are in the order of the WSO2 guide's table Port Offset", () => {
    assert.deepEqual(
      records.map(({ offset }) => offset),
      records.map((_, position) => position),
    );
  });

  it("a role configures its calls in files that it gets", () => {
    for (const { name, calls, files } of records)
      for (const { file, element } of calls) assert.ok(files.includes(file), `${name}: ${element} of ${file}`);
    for (const { files } of records) for (const file of files) assert.ok(file in configurationFiles);
  });

  it("an element of a file configures one call of a role", () => {
    for (const { calls } of records) assertUnique(calls.map(({ file, element }) => `${file} ${element}`));
  });

  it("only roles with API ports have a call for each gateway environment made to them", () => {
    for (const { calls } of records)
      for (const { to, eachEnvironment } of calls) if (eachEnvironment) assert.ok(roleRecords[to].servesApis, to);
  });

  it("Thrift calls lead to the one role that serves Thrift", () => {
    const server = roleThat(({ servesThrift }) => servesThrift);
    for (const { calls } of records) for (const { to, port } of calls) if (port === "thrift") assert.equal(to, server);
  });

  it("roleThat refuses a property of several roles, or of none", () => {
    const isStored = ({ sessions }: RoleRecord) => sessions === "always";
    assert.throws(() => roleThat(isStored), /expected one such role, found publisher,store/);
    assert.throws(() => roleThat(() => false), /expected one such role/);
  });
});
