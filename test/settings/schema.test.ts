import assert from "node:assert/strict";
import type { z } from "zod";
import { parseSettings } from "../../plan/settings";
import { databaseNames } from "../../product/databases";
import { roleRecords, roles } from "../../product/roles";
import { settingGroups, settingsSchema } from "../../settings/schema";
import { expectedValues, settingInfo } from "../../settings/schema/describe";

describe("settings: schema", () => {
  it("the defaults are the values of the WSO2 guide", () => {
    const settings = parseSettings({}, "dev");
    assert.equal(settings.distribution, "stand-in");
    assert.equal(settings.publisherHost, "publisher.apim-wso2.com");
    assert.equal(settings.clusterDomain, "wso2.pub.store.domain");
    assert.equal(settings.poolMaxActive, 50);
    assert.equal(settings.publishAddress, "127.0.0.1");
  });

  it("each setting has a description, permitted values in words, and a default that is permitted", () => {
    for (const [name, setting] of Object.entries<z.ZodDefault>(settingsSchema.shape)) {
      assert.ok(settingInfo.get(setting)?.description, name);
      assert.ok(expectedValues(setting.unwrap() as z.ZodType), name);
      assert.ok(setting.safeParse(setting.parse(undefined)).success, name);
    }
  });

  it("each setting belongs to one group", () => {
    const names = settingGroups.flatMap(({ settings }) => Object.keys(settings));
    assert.deepEqual(names.sort(), Object.keys(settingsSchema.shape).sort());
  });

  it("each role has its number of nodes, host name and port offset; each database has its host name", () => {
    const defaults: Record<string, unknown> = settingsSchema.parse({});
    for (const role of roles) {
      const { host, offset, cluster } = roleRecords[role];
      assert.equal(defaults[`${role}Replicas`], 1);
      assert.equal(defaults[`${role}Host`], host);
      assert.equal(defaults[`${role}Offset`], offset);
      if (cluster) assert.equal(defaults[cluster.setting], cluster.domain);
    }
    for (const database of databaseNames) assert.match(String(defaults[`${database}Host`]), /\./);
  });
});
