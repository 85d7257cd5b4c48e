import assert from "node:assert/strict";
import { roleRecords, roles } from "../../../product/roles";
import { apiManagerElements } from "../../../standin/links";
import { roleOfProfile, standInRoles } from "../../../standin/roles/table";

describe("stand-in: role table", () => {
  it("resolves each profile of product/roles to its role", () => {
    for (const role of roles) {
      const { profile, servesApis } = roleRecords[role];
      assert.equal(roleOfProfile(profile), role);
      if (servesApis) assert.equal(roleOfProfile(servesApis.workerProfile), role);
    }
  });

  it("does the work of all roles without a profile", () => {
    const { does, servesApis, servesThrift, elements } = standInRoles[roleOfProfile("default")];
    assert.deepEqual([does, servesApis, servesThrift], [roles, true, true]);
    for (const role of roles)
      for (const element of standInRoles[role].elements) assert.ok(elements.has(element), element);
  });

  it("has a kind of link for each element of api-manager.xml that a role acts on", () => {
    const known: readonly string[] = Object.values(apiManagerElements);
    for (const element of standInRoles.default.elements) assert.ok(known.includes(element), element);
  });
});
