/** The balancer's own cookie in a browser: the name of the node that has the user's session. */
export const nodeCookie = "APIM_NODE";

/** Ends the names of servers that are tried without a health check. */
export const untestedMark = "-untested";

/** The node that the balancer's cookie names. @param cookie its value, e.g. `store-1`, or `store-1-untested` */
export function nodeOfCookie(cookie: string): string {
  return cookie.endsWith(untestedMark) ? cookie.slice(0, -untestedMark.length) : cookie;
}

/** The server's cookie: the id of a session in the memory of one node. */
export const serverCookie = "JSESSIONID";

/**
 * Rules that take the session cookie from a request when the node that the balancer's cookie names is down or is no longer
 * in the backend. HAProxy sends this request to another node and renames the node in its own cookie; that node sees a
 * user without a session, and its page asks the user to log in.
 *
 * As long as no node is up, the balancer's cookie names untested servers. A session that begins at one of these lives too.
 * When any node is up, the session moves to the tested server of its own node. It stays at the untested server as long as
 * that node has passed some, but not all, of the checks that it needs.
 */
export function withoutDeadSessions(nodes: readonly string[]): string[] {
  const session = `'(?<![^; ])${serverCookie}=[^;]*;? *'`;
  const mark = `'(?<![^; ])${nodeCookie}=([^;]*)${untestedMark}','${nodeCookie}=\\\\1'`;
  const isUntested = `{ req.cook(${nodeCookie}) -m end -- ${untestedMark} }`;
  return [
    ...nodes.map((node) => `acl any_up srv_is_up(${node})`),
    ...nodes.map(
      (node) =>
        `http-request set-var(txn.session_lives) bool(true) if { req.cook(${nodeCookie}) -m str ${node}${untestedMark} } { lua.returns(${node}) -m bool }`,
    ),
    `http-request set-header Cookie "%[req.fhdr(cookie),regsub(${mark})]" if any_up ${isUntested} !{ var(txn.session_lives) -m bool }`,
    `http-request set-var(txn.session_lives) bool(true) if !any_up ${isUntested}`,
    ...nodes.map(
      (node) =>
        `http-request set-var(txn.session_lives) bool(true) if { req.cook(${nodeCookie}) -m str ${node} } { srv_is_up(${node}) }`,
    ),
    `http-request set-header Cookie "%[req.fhdr(cookie),regsub(${session},'',g)]" if { req.cook(${nodeCookie}) -m found } !{ var(txn.session_lives) -m bool }`,
  ];
}
