/** The balancer's own cookie in a browser: the name of the node that has the user's session. */
export const nodeCookie = "APIM_NODE";

/** The server's cookie: the id of a session in the memory of one node. */
export const serverCookie = "JSESSIONID";

/**
 * Rules that take the session cookie from a request when the node that the balancer's cookie names is down or is no longer
 * in the backend. HAProxy sends this request to another node and renames the node in its own cookie; that node sees a
 * user without a session, and its page asks the user to log in.
 */
export function withoutDeadSessions(nodes: readonly string[]): string[] {
  const session = `'(?<![^; ])${serverCookie}=[^;]*;? *'`;
  return [
    ...nodes.map(
      (node) =>
        `http-request set-var(txn.session_lives) bool(true) if { req.cook(${nodeCookie}) -m str ${node} } { srv_is_up(${node}) }`,
    ),
    `http-request set-header Cookie "%[req.fhdr(cookie),regsub(${session},'',g)]" if { req.cook(${nodeCookie}) -m found } !{ var(txn.session_lives) -m bool }`,
  ];
}
