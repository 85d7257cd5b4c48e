import assert from "node:assert/strict";
import { integrityErrors } from "../../../engine/integrity";
import { skip } from "../../skip";
import { TestStack } from "../../testStack";
import { comparable } from "../sampleCompare";
import { decrypted, PASSPHRASE, SampleProject, sampleObjects, useSampleWorld } from "../sampleSupport";
import { PulumiCli } from "./pulumiCli";

interface PreviewStep {
  readonly op: string;
  readonly urn: string;
  readonly diffReasons?: readonly string[];
  readonly replaceReasons?: readonly string[];
}

/** Both engines run the same programs with the same providers. */
describe("Pulumi CLI and embedded engine take turns", function () {
  this.timeout(240_000);
  this.slow(60_000);
  let cli: PulumiCli;

  before(async function () {
    const found = await PulumiCli.find();
    if (typeof found === "string") skip(this, found);
    cli = found;
  });
  after(() => cli?.dispose());

  describe("with the sample program", () => {
    const world = useSampleWorld();
    let project: SampleProject;
    const generated = ["bcryptHash"];
    /** The state that the CLI recorded. */
    let cliState: Record<string, unknown>;

    beforeEach(() => {
      project = new SampleProject();
    });
    afterEach(async () => {
      project?.dispose();
      await world.clean();
    });

    async function official(...args: string[]): Promise<string> {
      const { code, text } = await cli.run(project.dir, PASSPHRASE, [...args, "--stack", "dev"]);
      assert.equal(code, 0, text);
      return text;
    }
    async function local(operation: string, ...flags: string[]): Promise<string> {
      const { code, text } = await project.run(operation, flags);
      assert.equal(code, 0, text);
      return text;
    }
    const state = () => decrypted(project.checkpoint());

    it("the embedded engine continues a stack of the CLI: finds no change and no drift, and destroys everything", async () => {
      await official("stack", "select", "--create");
      await official("up", "--yes", "--skip-preview");
      cliState = comparable(await state(), generated);
      await local("preview", "expectNoChanges");
      await local("refresh", "expectNoChanges");
      await local("up", "expectNoChanges");
      await local("destroy");
      assert.deepEqual(await world.leftovers(), []);
    });

    it("the CLI continues a stack of the embedded engine: finds no change and no drift, and destroys everything", async () => {
      await local("up");
      assert.deepEqual(await world.leftovers(), sampleObjects);
      assert.deepEqual(comparable(await state(), generated), cliState, "both engines record the same state");
      await official("preview", "--expect-no-changes");
      await official("refresh", "--yes", "--skip-preview", "--expect-no-changes");
      await official("up", "--yes", "--skip-preview", "--expect-no-changes");
      assert.deepEqual(integrityErrors(await state()), []);
      await official("destroy", "--yes", "--skip-preview");
      assert.deepEqual(await world.leftovers(), []);
    });

    it("both plan the same steps for a changed setting, and each continues after an up of the other", async () => {
      await local("up");
      project.set("b", "7");
      const plan = ({ steps }: { steps: PreviewStep[] }) =>
        steps
          .map(({ op, urn, diffReasons = [], replaceReasons = [] }) => [op, urn, diffReasons, replaceReasons])
          .sort((one, other) => (String(one) < String(other) ? -1 : 1));
      const cliPlan = JSON.parse((await official("preview", "--json")).replace(/^[^{]*/, ""));
      const localPlan = JSON.parse(await local("preview", "json"));
      assert.deepEqual(plan(localPlan), plan(cliPlan));
      await official("up", "--yes", "--skip-preview");
      await local("up", "expectNoChanges");
      project.unset();
      await local("up");
      await official("up", "--yes", "--skip-preview", "--expect-no-changes");
      await official("destroy", "--yes", "--skip-preview");
      assert.deepEqual(await world.leftovers(), []);
    });

    it("the CLI reads the state that a killed run of the embedded engine left", async () => {
      for (const [operation, KILL] of [
        ["up", "after POST /networks/create"],
        ["up", "before create user"],
        ["up", "after POST /containers/create"],
        ["destroy", "after DELETE /containers/"],
        ["destroy", "before DELETE /networks/"],
        ["destroy", "after drop user"],
      ] as const) {
        if (operation === "destroy") await local("up");
        const { code, text } = await project.run(operation, [], { KILL }, "killedEngine.ts");
        assert.equal(code, null, `not killed ${KILL}\n${text}`);
        await official("stack", "export");
        await local("destroy");
      }
      assert.deepEqual(await world.leftovers(), []);
    });
  });

  describe("with the deployment", () => {
    const stack = new TestStack("itest-cli");

    after(() => stack.dispose());

    it("APIM_ENGINE=pulumi: after an up of one engine, the other finds nothing to change", async () => {
      const official = { ...cli.environment, APIM_ENGINE: "pulumi" };
      const up = await stack.runIn(official, "up");
      assert.equal(up.status, 0, up.output);
      const preview = await stack.run("preview", "--diff", "--expect-no-changes");
      assert.equal(preview.status, 0, preview.output);
      const refresh = await stack.run("refresh", "--expect-no-changes");
      assert.equal(refresh.status, 0, refresh.output);
      stack.set({ jwt: true });
      const changed = await stack.run("up", "--skip-verify");
      assert.equal(changed.status, 0, changed.output);
      for (const command of ["preview", "refresh", "up"]) {
        const again = await stack.runIn(official, command, "--expect-no-changes");
        assert.equal(again.status, 0, `${command}: ${again.output}`);
      }
      // MySQL's container is replaced; its volume is kept.
      stack.set({ databaseMemory: 600 });
      const larger = await stack.runIn(official, "up", "--skip-verify");
      assert.equal(larger.status, 0, larger.output);
      const after = await stack.run("preview", "--diff", "--expect-no-changes");
      assert.equal(after.status, 0, after.output);
      const verify = await stack.run("verify");
      assert.equal(verify.status, 0, verify.output);
      const destroy = await stack.runIn(official, "destroy", "--yes");
      assert.equal(destroy.status, 0, destroy.output);
      assert.deepEqual(await stack.leftovers(), []);
    });
  });
});
