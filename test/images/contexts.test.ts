import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findImages, projectImage } from "../../images/contexts";
import { parseSettings } from "../../plan/settings";
import { libraryDirectory } from "../../settings/library";
import { driverOf, writePack } from "../distribution/samplePack";

describe("images of a deployment", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "images-test-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it("the stand-in, MySQL and the load balancer are built from this project, in any program's directory", async () => {
    const images = await findImages(parseSettings({}, "dev"), directory);
    assert.deepEqual(images, {
      node: projectImage("standin"),
      mysql: projectImage("mysql"),
      loadBalancer: projectImage("loadbalancer"),
    });
    assert.match(images.node.name, /^wso2-apim\/standin:[0-9a-f]{12}$/);
  });

  it("an image of the user's own is not built", async () => {
    const { node } = await findImages(parseSettings({ distribution: "pack", image: "mine:1" }, "dev"), directory);
    assert.deepEqual(node, { name: "mine:1" });
  });

  it("a pack that setup has not prepared is an error with the command, for this project and for other programs", async () => {
    const pack = join(directory, "wso2am-1.9.0");
    writePack(pack, { "repository/components/lib/mysql-connector-java-5.1.49.jar": driverOf("class") });
    const find = (base: string, stack: string, settings: Record<string, unknown>) =>
      findImages(parseSettings(settings, stack), base);
    await assert.rejects(
      find(libraryDirectory, "prod", { distribution: pack }),
      /expected the build context of .*wso2am-1\.9\.0, found nothing; run: npm run setup -- --stack prod$/,
    );
    await assert.rejects(
      find(directory, "prod", { distribution: "wso2am-1.9.0", jdbcDriver: "5.1.48" }),
      (error: Error) =>
        error.message.endsWith(
          `run: npm --prefix ${libraryDirectory} run setup -- --distribution ${pack} --jdbc-driver 5.1.48`,
        ),
    );
  });
});
