import { Cache } from "../cache";
import type { Context } from "../context";
import type { AccessToken, Grant } from "../data/tokens";

/** The tokens that a Key Manager gives, some of them from memory. */
export interface GivenTokens {
  /** The token that this client and user have. */
  readonly give: (grant: Grant) => Promise<AccessToken>;
  /** A revoked token is not given again, neither here nor at the other members of the cluster. */
  readonly forget: (token: string) => void;
}

/** Cluster messages that say which token is to be forgotten. */
const topic = "revokedOAuthToken";

/**
 * As the product with identity.xml's EnableOAuthCache: who asks again gets the same token without a look at the database,
 * so a Key Manager that is not told of a revocation gives out the revoked one.
 * @param issue asks the database
 */
export function givenTokens(
  { configuration, cluster }: Pick<Context, "configuration" | "cluster">,
  issue: (grant: Grant) => Promise<AccessToken>,
): GivenTokens {
  const cache = new Cache<{ readonly given: AccessToken; readonly ends: number }>();
  /** Raised by whatever makes an answer of the database that is under way an old one. */
  let forgotten = 0;
  const forgetWhere = (which: (token: string) => boolean): void => {
    forgotten += 1;
    cache.forget(({ given }) => which(given.token));
  };
  const forget = (token: string): void => forgetWhere((each) => each === token);
  cluster.subscribe(topic, forget);
  // What was revoked before, nobody has told here.
  cluster.onJoin(() => forgetWhere(() => true));
  return {
    give: async (grant) => {
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
