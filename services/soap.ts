import { request } from "node:https";
import { parseXml, XmlElement } from "@rgrove/parse-xml";

/** A running server, and the account with which its management services are called. */
export interface ServiceAccess {
  /** Where this machine reaches the server's management port. */
  readonly address: string;
  readonly port: number;
  /** The server's host name, which its certificate must carry. */
  readonly host: string;
  /** PEM: the certificate to trust. */
  readonly ca: string;
  readonly user: string;
  readonly password: string;
}

/** An operation of a management service. */
export interface ServiceCall {
  /** e.g. `ResourceAdminService`. */
  readonly service: string;
  readonly operation: string;
  /** The XML namespace of the operation's elements, which its WSDL names. */
  readonly namespace: string;
  /** Parameters in the order of the WSDL: name -> text. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Milliseconds. A server that has just started loads a service at its first call. */
const limit = 60_000;

/**
 * Calls a management service of the product over SOAP.
 *
 * Runs inside a dynamic resource, so it uses plain functions only.
 *
 * @returns the text of the answer's `return`; empty when it has none
 * @throws naming the server, the operation and the cause: no connection, no answer, refused credentials, or a fault
 */
export async function callService(access: ServiceAccess, call: ServiceCall): Promise<string> {
  const what = `${call.service}/${call.operation} of ${access.host} at ${access.address}:${access.port}`;
  const body = await post(access, call).catch((cause: Error) => {
    const reason = cause.name === "AbortError" ? `no answer within ${limit / 1000} s` : cause.message;
    throw new Error(`${what}: ${reason}`, { cause });
  });
  const envelope = /<(?:[\w-]+:)?Envelope[\s\S]*<\/(?:[\w-]+:)?Envelope>/.exec(body)?.[0];
  if (envelope === undefined) throw new Error(`${what}: expected a SOAP envelope, found ${body.slice(0, 200)}`);
  const { root } = parseXml(envelope);
  const fault = root && firstNamed(root, "Fault");
  const reason = fault && (firstNamed(fault, "faultstring")?.text.trim() ?? "a fault without a reason");
  // The product answers refused credentials with a fault; a proxy may answer them with status 401.
  if (reason) throw new Error(`${what}: ${/Authentication failed/i.test(reason) ? refused(access) : reason}`);
  return (root && firstNamed(root, "return")?.text) ?? "";
}

function refused({ user }: ServiceAccess): string {
  return `the user store refuses user ${user} or its password; set wso2-apim:adminPassword to the password that the user has there`;
}

/** The first element of a name below another, at any depth; namespace prefixes are ignored. */
function firstNamed(element: XmlElement, name: string): XmlElement | undefined {
  for (const child of element.children) {
    if (!(child instanceof XmlElement)) continue;
    const found = child.name.replace(/^.*:/, "") === name ? child : firstNamed(child, name);
    if (found) return found;
  }
  return undefined;
}

function post(access: ServiceAccess, call: ServiceCall): Promise<string> {
  const body = envelopeOf(call);
  const options = {
    host: access.address,
    port: access.port,
    servername: access.host,
    ca: access.ca,
    path: `/services/${call.service}`,
    method: "POST",
    agent: false,
    signal: AbortSignal.timeout(limit),
    auth: `${access.user}:${access.password}`,
    headers: {
      host: `${access.host}:${access.port}`,
      "content-type": "text/xml; charset=utf-8",
      "content-length": Buffer.byteLength(body),
      soapaction: `"urn:${call.operation}"`,
    },
  };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        if (response.statusCode === 401) reject(new Error(refused(access)));
        else resolve(text);
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

function envelopeOf({ operation, namespace, parameters }: ServiceCall): string {
  const fields = Object.entries(parameters).map(([name, text]) => `<s:${name}>${escapeText(text)}</s:${name}>`);
  return (
    `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>` +
    `<s:${operation} xmlns:s="${namespace}">${fields.join("")}</s:${operation}></soapenv:Body></soapenv:Envelope>`
  );
}

/** Text as XML source. A carriage return would reach the server as a line feed. */
export function escapeText(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/\r/g, "&#13;");
}
