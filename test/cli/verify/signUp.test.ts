import assert from "node:assert/strict";
import type { CycleResult } from "../../../cli/verify/cycle";
import { FakeDeployment, type Override, type Seen } from "./fakeDeployment";
import { soap } from "./fakePages";
import { runOn } from "./fakeRun";

describe("verify: self sign-up", () => {
  let fake: FakeDeployment;
  beforeEach(async () => {
    fake = new FakeDeployment();
    await fake.start();
  });
  afterEach(() => fake.stop());

  async function run(override: Override = () => undefined, keep = false): Promise<CycleResult> {
    fake.override = override;
    return runOn(fake, { keep });
  }
  const failures = ({ steps }: CycleResult) => steps.filter(({ status }) => status === "failed");
  const seen = (action: string): Seen | undefined => fake.seen.find((one) => one.action === action);
  const refused: Override = ({ action }) =>
    action === "addUser" ? { body: '{"error":true,"message":"Invalid credentials provided"}' } : undefined;

  it("signs up with one value for each field of the page, and removes application and user as the administrator", async () => {
    assert.deepEqual(failures(await run()), []);
    const { username = "", password = "", allFieldsValues = "" } = seen("addUser")?.form ?? {};
    assert.match(username, /^verify[0-9a-f]{8}$/);
    assert.match(password, /^\S{5,30}$/);
    assert.equal(allFieldsValues.split("|").length, 3);
    const removed = fake.seen.find(({ path }) => path === "/services/UserAdmin");
    assert.match(String(removed?.body), new RegExp(`<s:userName>${username}</s:userName>`));
    assert.equal(
      Buffer.from((removed?.headers.authorization ?? "").slice(6), "base64").toString(),
      "admin:pass & word",
    );
    const names = fake.log;
    assert.ok(names.indexOf("/UserAdmin") < names.indexOf("/remove.jag removeAPI"));
    assert.equal(fake.applications.size, 0);
  });

  it("a refused sign-up names the registry's resource and the message, and the user is removed if it is there", async () => {
    const [failed, ...more] = failures(await run(refused));
    assert.ok(failed && more.length === 0);
    assert.equal(failed.detail, "refused: Invalid credentials provided");
    assert.ok(failed.faults?.some(({ file }) => file.endsWith("/sign-up-config.xml")));
    assert.ok(fake.log.includes("/UserAdmin"));
  });

  it("a refusal to remove a user who was never confirmed is no failure, that of a confirmed one is", async () => {
    const fault: Override = ({ path }) =>
      path === "/services/UserAdmin"
        ? { status: 500, body: soap("<e:Fault><faultstring>no such user</faultstring></e:Fault>") }
        : undefined;
    assert.equal(failures(await run((one) => refused(one) ?? fault(one))).length, 1);
    const [failed, ...more] = failures(await run(fault));
    assert.ok(failed && more.length === 0);
    assert.match(failed.name, /^remove the user verify/);
    assert.match(failed.detail ?? "", /UserAdmin\/deleteUser of .*: no such user/);
  });

  it("a run that did not get so far has no user to remove", async () => {
    const { steps } = await run(({ action }) => (action === "login" ? { status: 500 } : undefined));
    assert.ok(steps.every(({ name }) => !name.startsWith("remove the user")));
  });

  it("a page without the form is a failure of the Store's page", async () => {
    const [failed] = failures(await run(({ path }) => (path.endsWith("/sign-up.jag") ? { body: "" } : undefined)));
    assert.match(
      failed?.detail ?? "",
      /expected a form with the number of fields on \/store\/site\/pages\/sign-up\.jag/,
    );
  });

  it("with selfSignUp off, it expects a refusal; a user who was created all the same is removed", async () => {
    fake.settings = { selfSignUp: "off" };
    const closed: Override = ({ action }) =>
      action === "addUser" ? { body: '{"error":true,"message":" Self sign up has been disabled"}' } : undefined;
    assert.deepEqual(failures(await run(closed)), []);
    assert.equal(failures(await run(refused))[0]?.detail, "refused: Invalid credentials provided");
    fake.seen.length = 0;
    const [failed] = failures(await run());
    assert.match(failed?.detail ?? "", /expected a refusal, since selfSignUp is off/);
    assert.ok(fake.log.includes("/UserAdmin"));
  });

  it("--keep keeps the API and the application, but not the user", async () => {
    const { left } = await run(undefined, true);
    assert.deepEqual([left?.api, left?.application], [true, true]);
    assert.ok(fake.log.includes("/UserAdmin"));
  });
});
