import type { Answer, Seen } from "./fakeRequest";

const to = (location: string, cookie?: string): Answer => ({
  status: 302,
  headers: { location, ...(cookie && { "set-cookie": [cookie] }) },
});
const html = (content: string): Answer => ({
  headers: { "content-type": "text/html" },
  body: `<html><body>${content}</body></html>`,
});
/** A SOAP envelope. */
export const soap = (content: string) =>
  `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>${content}</e:Body></e:Envelope>`;

const logIn = (action: string, more = "") =>
  html(
    `<form action="/search"><input name="q"></form><form action="${action}" method="post"><input name="username">` +
      `<input type="password" name="password"><input type="checkbox" name="rememberMe" value="on">${more}</form>`,
  );

/** The pages of consoles and of the Key Manager, with cookies and redirects as the product sends them. */
export function fakePage({ host, method, path, form, headers }: Seen): Answer | undefined {
  const isRight = form.username !== "" && form.password !== "";
  switch (`${method} ${path}`) {
    case "GET /carbon/":
      return to(`http://${host}/carbon/admin/index.jsp`);
    case "GET /carbon/admin/index.jsp":
      return headers.cookie?.includes("CONSOLE=in")
        ? html('<a href="../admin/logout_action.jsp">Sign-out</a>')
        : to("../admin/login.jsp");
    case "GET /carbon/admin/login.jsp":
      return logIn("../admin/login_action.jsp");
    case "POST /carbon/admin/login_action.jsp":
      return isRight
        ? to("../admin/index.jsp?loginStatus=true", "CONSOLE=in; Path=/carbon")
        : to("../admin/login.jsp?loginStatus=false");
    case "GET /carbon/admin/logout_action.jsp":
      return to("../admin/login.jsp", "CONSOLE=out; Path=/carbon; Max-Age=0");
    case "GET /authorize":
      return to(`http://keymanager.apim-wso2.com:${host.split(":")[1]}/authenticationendpoint/login.do`);
    case "GET /authenticationendpoint/login.do":
      return logIn("../commonauth", '<input type="hidden" name="sessionDataKey" value="asked &amp; kept">');
    case "POST /commonauth":
      return isRight && form.sessionDataKey === "asked & kept"
        ? to("/oauth2/authorize?sessionDataKey=known", "commonAuthId=in; Path=/; Secure")
        : to("/authenticationendpoint/login.do?authFailure=true");
    case "GET /oauth2/authorize":
      return to("/authenticationendpoint/oauth2_authz.do");
    case "GET /authenticationendpoint/oauth2_authz.do":
      return html(
        '<form action="../oauth2/authorize" method="post"><input type="button" name="approve" value="Approve">' +
          '<input type="hidden" name="sessionDataKeyConsent" value="key"><input type="hidden" name="consent" value="deny"></form>',
      );
    case "POST /oauth2/authorize":
      return form.consent === "approve" && form.sessionDataKeyConsent === "key" && form.approve === undefined
        ? to("https://localhost/callback?code=c0de")
        : to("https://localhost/callback?error=access_denied");
    case "GET /store/site/pages/sign-up.jag":
      return html('<form><input name="newUsername"><input type="hidden" name="fieldCount" value="3.0"></form>');
    case "POST /services/UserAdmin":
      return { headers: { "content-type": "text/xml" }, body: soap("<ns:return xmlns:ns='a'/>") };
    default:
      return undefined;
  }
}
