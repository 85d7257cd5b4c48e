import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { createImage } from "../../components/shared";
import type { ImageSource } from "../../images/contexts";
import { known, record } from "./recorder";

class Parent extends pulumi.ComponentResource {
  constructor() {
    super("test:index:Parent", "parent");
  }
}

async function imageOf(source: ImageSource, imagesExist: boolean) {
  const { all, outputs } = await record(() => ({ image: createImage("my-image", source, new Parent()) }), {
    imagesExist,
  });
  const registered = all.find(({ type }) => type.endsWith(":RemoteImage"));
  assert.ok(registered);
  return { registered, image: await known(outputs.image) };
}

describe("image of a container", () => {
  const built: ImageSource = { name: "wso2-apim/loadbalancer:0123456789ab", context: "images/loadbalancer" };

  it("is built if the Docker engine does not have its tag", async () => {
    const { registered, image } = await imageOf(built, false);
    assert.deepEqual(registered.inputs.build, { context: "images/loadbalancer" });
    assert.equal(image, built.name);
  });

  it("is not built if the Docker engine has its tag", async () => {
    const { registered, image } = await imageOf(built, true);
    assert.equal(registered.inputs.build, undefined);
    assert.equal(image, built.name);
  });

  it("is the same resource in both cases, and another one when its contents differ", async () => {
    const missing = await imageOf(built, false);
    const existing = await imageOf(built, true);
    assert.equal(missing.registered.urn, existing.registered.urn);
    assert.deepEqual(missing.registered.ignoreChanges, ["build"]);
    const other = await imageOf({ ...built, name: "wso2-apim/loadbalancer:ba9876543210" }, false);
    assert.notEqual(other.registered.urn, missing.registered.urn);
  });

  it("is known by its id if it is not built, because its tag may come to mean another image", async () => {
    const { registered, image } = await imageOf({ name: "registry.example.com/apim:1.9.0" }, true);
    assert.equal(registered.inputs.build, undefined);
    assert.match(image, /^sha256:/);
  });
});
