import assert from "node:assert/strict";
import { type Edits, files } from "../standin/homes";
import { good, refusal } from "./standinClient";
import { StandinRun } from "./standinRun";

const ofType = (type: string): Edits => ({ [files.apiManager]: [['type="hybrid"', `type="${type}"`]] });
const webService: Edits = { [files.apiManager]: [[">ThriftClient<", ">WSClient<"]] };

describe("stand-in: keys for production and for the sandbox", function () {
  this.timeout(120_000);
  const run = new StandinRun();
  const both = () => ({ production: run.endpoint, sandbox: run.endpoint.replace("/base", "/sandbox") });

  /** The status and body of a call with each of the application's two keys. */
  async function calls(endpoints: Partial<ReturnType<typeof both>>) {
    const production = await run.toKeys(endpoints);
    const { data } = await good(run.person.generateKeys(run.name, "SANDBOX"));
    assert.ok(data && data.key.consumerKey !== production.consumerKey);
    const call = async (key: typeof production) => {
      const { status, text } = await run.person.callApi(run.path(), await run.person.token(key));
      return [status, text];
    };
    return { production: await call(production), sandbox: await call(data.key) };
  }

  it("a hybrid gateway calls the endpoint for the type of the key, with Thrift key validation", async () => {
    await run.start();
    assert.deepEqual(await calls(both()), {
      production: [200, "backend saw /base/today?unit=c"],
      sandbox: [200, "backend saw /sandbox/today?unit=c"],
    });
    assert.match(await refusal(run.person.generateKeys(run.name, "SANDBOX")), /already has SANDBOX keys/);
    assert.match(await refusal(run.person.generateKeys(run.name, "OTHER")), /expected PRODUCTION or SANDBOX/);
  });

  it("a hybrid gateway refuses a key for whose type the API has no endpoint", async () => {
    await run.start();
    const { production, sandbox } = await calls({ production: run.endpoint });
    assert.equal(production[0], 200);
    assert.equal(sandbox[0], 403);
    assert.match(`${sandbox[1]}`, /<code>900901<.*no sandbox endpoint/);
  });

  it("a production gateway refuses sandbox keys, with WSClient key validation", async () => {
    await run.start({ publisher: ofType("production"), gateway: webService, keyManager: webService });
    const { production, sandbox } = await calls(both());
    assert.deepEqual(production, [200, "backend saw /base/today?unit=c"]);
    const refused = [401, "<error><message>Sandbox Key Provided for Production Gateway</message></error>"];
    assert.deepEqual(sandbox, refused);
  });

  it("a sandbox gateway refuses production keys, and does not get an API without a sandbox endpoint", async () => {
    await run.start({ publisher: ofType("sandbox") });
    const { production, sandbox } = await calls(both());
    assert.deepEqual(sandbox, [200, "backend saw /sandbox/today?unit=c"]);
    assert.deepEqual(production, [
      401,
      "<error><message>Production Key Provided for Sandbox Gateway</message></error>",
    ]);
    run.name = `${run.name}Production`;
    await run.toPublished({ production: run.endpoint });
    assert.equal((await run.person.callApi(run.path(), "any")).status, 404);
  });

  it("publishing fails when the environment has an unknown type", async () => {
    await run.start({ publisher: ofType("Production") });
    await good(run.person.logIn("publisher"));
    await good(run.person.addApi(run.name, both()));
    assert.match(
      await refusal(run.person.publish(run.name)),
      /Environment\[Production and Sandbox]\/@type in .*api-manager\.xml: expected hybrid.* found "Production"/,
    );
  });
});
