import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import type { Cluster } from "../../../standin/cluster";
import type { Context } from "../../../standin/context";
import type { Grant } from "../../../standin/data/tokens";
import { type GivenTokens, givenTokens } from "../../../standin/roles/givenTokens";
import { Members } from "../members";

const grant: Grant = {
  client: { key: "key", secret: "secret", user: "admin", callbackUrl: "" },
  user: "admin",
  userType: "APPLICATION",
  scope: "am_application_scope",
};

describe("stand-in: tokens that Key Managers issue", () => {
  /** The active token of each user in apimgtdb. */
  let issued: Map<string, string>;
  let asked: number;
  beforeEach(() => {
    issued = new Map();
    asked = 0;
  });

  function keyManager(
    cluster: Pick<Cluster, "send" | "subscribe" | "onJoin" | "settled">,
    tokenCache = true,
    expiresIn = 3600,
  ) {
    const context = { cluster, configuration: { identity: { tokenCache } } } as unknown as Context;
    return givenTokens(context, async ({ user, scope }) => {
      asked++;
      const token = issued.get(user) ?? `token-${user}-${asked}`;
      issued.set(user, token);
      return { token, refreshToken: "", user, scope, expiresIn };
    });
  }

  const give = async (to: GivenTokens, user = "admin") => (await to.give({ ...grant, user })).token;

  function revoke(at: GivenTokens): string {
    const token = issued.get("admin") ?? "";
    issued.delete("admin");
    at.forget(token);
    return token;
  }

  it("come from the cache until any member of the cluster revokes them; other tokens stay cached", async () => {
    const members = new Members();
    const [one, two] = [keyManager(members.join()), keyManager(members.join())];
    const giveAll = async () => {
      for (const each of [one, two]) for (const user of ["admin", "bob"]) await give(each, user);
      return asked;
    };
    assert.deepEqual([await giveAll(), await giveAll()], [4, 4]);
    const revoked = revoke(two);
    assert.notEqual(await give(one), revoked);
    assert.equal(await give(two), await give(one));
    assert.equal(await giveAll(), 6);
  });

  it("are returned after their revocation by a Key Manager outside of the cluster", async () => {
    const [one, two] = [keyManager(new Members().join()), keyManager(new Members().join())];
    await give(one);
    const revoked = revoke(two);
    assert.equal(await give(one), revoked);
  });

  it("come from the database when EnableOAuthCache is false, or when they have expired", async () => {
    for (const each of [keyManager(new Members().join(), false), keyManager(new Members().join(), true, 0)]) {
      asked = 0;
      for (let time = 0; time < 2; time++) await give(each);
      assert.equal(asked, 2);
    }
  });

  it("are issued only when every member of the cluster answers", async () => {
    const members = new Members();
    const lost = new EventEmitter();
    members.lost = once(lost, "found").then(() => undefined);
    const events: string[] = [];
    const given = give(keyManager(members.join())).then(() => events.push("token"));
    await new Promise((resolve) => setImmediate(resolve));
    events.push("member left");
    lost.emit("found");
    await given;
    assert.deepEqual(events, ["member left", "token"]);
  });

  it("come from the database after a member has joined, which may have revoked some before", async () => {
    const members = new Members();
    const one = keyManager(members.join());
    const revoked = await give(one);
    issued.clear();
    members.join();
    assert.notEqual(await give(one), revoked);
  });
});
