import { Cache } from "../cache";
import type { Context } from "../context";
import type { AccessToken, Grant } from "../data/tokens";

/** The tokens that a Key Manager issues, some of them from its cache. */
export interface GivenTokens {
  /** The token of this client and user. */
  readonly give: (grant: Grant) => Promise<AccessToken>;
  /** Removes a revoked token from the cache, here and on the other members of the cluster. */
  readonly forget: (token: string) => void;
}

/** Topic of cluster messages whose body is a revoked token. */
const topic = "revokedOAuthToken";

/**
 * With EnableOAuthCache in identity.xml, a client that asks again gets its token from the cache, as in the product. A Key
 * Manager that does not learn of a revocation therefore returns the revoked token.
 * @param issue gets the token from the database
 */
export function givenTokens(
  { configuration, cluster }: Pick<Context, "configuration" | "cluster">,
  issue: (grant: Grant) => Promise<AccessToken>,
): GivenTokens {
  const cache = new Cache<{ readonly given: AccessToken; readonly ends: number }>();
  /** Counts changes of the cache, after which the result of an earlier query may be outdated. */
  let forgotten = 0;
  const forgetWhere = (which: (token: string) => boolean): void => {
    forgotten += 1;
    cache.forget(({ given }) => which(given.token));
  };
  const forget = (token: string): void => forgetWhere((each) => each === token);
  cluster.subscribe(topic, forget);
  // The new member may have revoked tokens before it joined.
  cluster.onJoin(() => forgetWhere(() => true));
  return {
    give: async (grant) => {
      await cluster.settled();
      const id = JSON.stringify([grant.client.key, grant.user, grant.userType, grant.scope]);
      const known = cache.get(id);
      const left = known === undefined ? 0 : Math.floor((known.ends - Date.now()) / 1000);
      if (known !== undefined && left > 0) {
        return { ...known.given, expiresIn: left };
      }
      const before = forgotten;
      const given = await issue(grant);
      if (configuration.identity.tokenCache && forgotten === before) {
        cache.set(id, { given, ends: Date.now() + given.expiresIn * 1000 });
      }
      return given;
    },
    forget: (token) => {
      forget(token);
      cluster.send({ topic, body: token });
    },
  };
}
