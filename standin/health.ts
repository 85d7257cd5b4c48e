import type { Context } from "./context";
import { type Handler, json } from "./http";
import { checkLink, type LinkState } from "./linkChecks";
import { type ConfiguredLink, configuredLinks } from "./links";

/** The answer to `GET /standin/health`. */
export interface Health {
  readonly standIn: true;
  /** `Name` in carbon.xml. */
  readonly name: string;
  readonly node: string;
  readonly role: string;
  readonly profile: string;
  readonly version: string;
  /** True: the ports are open and the databases answer. Other links don't count, so that the start order can't deadlock. */
  readonly ready: boolean;
  readonly links: readonly LinkState[];
}

/** Milliseconds for which the result of a check is reused. */
const freshMilliseconds = 1000;

/** Calls `work` at most once per `freshMilliseconds`. */
function cached<T>(work: () => Promise<T>): () => Promise<T> {
  let last: { readonly at: number; readonly value: Promise<T> } | undefined;
  return () => {
    if (last === undefined || Date.now() - last.at > freshMilliseconds) {
      last = { at: Date.now(), value: work() };
    }
    return last.value;
  };
}

/**
 * `GET /standin/health`: 200 when ready, else 503. `?links=none` checks the databases only, which is quicker.
 * @param started whether the ports are open and the databases have answered once
 */
export function healthHandler(context: Context, started: () => boolean): Handler {
  const links = configuredLinks(context.configuration);
  const check = (wanted: readonly ConfiguredLink[]) => Promise.all(wanted.map((link) => checkLink(context, link)));
  const databases = cached(() => check(links.filter(({ kind }) => kind === "database")));
  const others = cached(() => check(links.filter(({ kind }) => kind !== "database")));
  return async ({ method, path, query }) => {
    if (path !== "/standin/health" || method !== "GET") {
      return undefined;
    }
    const [own, rest] = await Promise.all([databases(), query.get("links") === "none" ? [] : others()]);
    const { carbon, role, profile } = context.configuration;
    const health: Health = {
      standIn: true,
      name: carbon.name,
      node: context.node,
      role,
      profile,
      version: carbon.version,
      ready: started() && own.every(({ state }) => state === "ok"),
      links: [...own, ...rest],
    };
    return json(health, health.ready ? 200 : 503);
  };
}
