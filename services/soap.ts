import { XmlElement } from "@rgrove/parse-xml";
import { quietRoot } from "./quietXml";

/** A running server whose management services are called. */
export interface ServiceServer {
  /** For messages, e.g. `publisher.apim-wso2.com at 127.0.0.1:9445`. */
  readonly name: string;
  /** The account: the name of a user and the password, which is secret. */
  readonly user: string;
  readonly password: string;
  /** Posts to a path. @throws when there is no answer */
  readonly post: (path: string, headers: Readonly<Record<string, string>>, body: string) => Promise<ServiceAnswer>;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly body: string;
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
  /** A last parameter with fields, which have a namespace of their own. @default none */
  readonly bean?: {
    readonly name: string;
    readonly namespace: string;
    readonly fields: Readonly<Record<string, string>>;
  };
}

/** The `name` of an error that stands for a fault: the server has refused or failed. */
export const faultName = "ServiceFault";
/** The `name` of an error that may pass by itself: a server that starts opens its port before its services answer. */
export const startingName = "ServiceStarting";

/**
 * Calls a management service of the product over SOAP.
 *
 * Runs inside a dynamic resource, so it uses plain functions only.
 *
 * @returns the answer's element `return`; undefined when it has none
 * @throws naming the server, the operation and the cause: no answer, refused credentials, or a fault ({@link faultName})
 */
export async function callService(server: ServiceServer, call: ServiceCall): Promise<XmlElement | undefined> {
  const what = `${call.service}/${call.operation} of ${server.name}`;
  const headers = {
    authorization: `Basic ${Buffer.from(`${server.user}:${server.password}`).toString("base64")}`,
    "content-type": "text/xml; charset=utf-8",
    soapaction: `"urn:${call.operation}"`,
  };
  const { status, body } = await server
    .post(`/services/${call.service}`, headers, envelopeOf(call))
    .catch((cause: NodeJS.ErrnoException) => {
      const error = new Error(`${what}: ${cause.message}`, { cause });
      throw ["ECONNREFUSED", "ECONNRESET"].includes(cause.code ?? "")
        ? Object.assign(error, { name: startingName })
        : error;
    });
  if (status === 401) throw new Error(`${what}: ${refused(server)}`);
  // An operation that returns nothing is answered with 202 and no body; other answers may come as MIME parts.
  if (status === 202) return undefined;
  const envelope = /<(?:[\w-]+:)?Envelope[\s\S]*<\/(?:[\w-]+:)?Envelope>/.exec(body)?.[0];
  if (envelope === undefined) {
    const found = `status ${status}${body === "" ? "" : `: ${body.slice(0, 200)}`}`;
    const error = new Error(`${what}: expected a SOAP envelope, found ${found}`);
    throw status === 404 || status >= 500 ? Object.assign(error, { name: startingName }) : error;
  }
  const root = quietRoot(envelope, `${what}: the answer`);
  const fault = firstNamed(root, "Fault");
  const reason = fault && (firstNamed(fault, "faultstring")?.text.trim() ?? "a fault without a reason");
  // The product answers refused credentials with a fault, not with status 401.
  if (reason) {
    const message = `${what}: ${/Authentication failed/i.test(reason) ? refused(server) : reason}`;
    throw Object.assign(new Error(message), { name: faultName });
  }
  return firstNamed(root, "return");
}

function refused({ user }: ServiceServer): string {
  return `the user store refuses user ${user} or its password; set wso2-apim:adminPassword to the password that the user has there`;
}

/** The first element of a name below another, at any depth; namespace prefixes are ignored. */
export function firstNamed(element: XmlElement, name: string): XmlElement | undefined {
  for (const child of element.children) {
    if (!(child instanceof XmlElement)) continue;
    const found = child.name.replace(/^.*:/, "") === name ? child : firstNamed(child, name);
    if (found) return found;
  }
  return undefined;
}

function envelopeOf({ operation, namespace, parameters, bean }: ServiceCall): string {
  const last = bean
    ? `<s:${bean.name} xmlns:b="${bean.namespace}">${elementsOf(bean.fields, "b")}</s:${bean.name}>`
    : "";
  return (
    `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>` +
    `<s:${operation} xmlns:s="${namespace}">${elementsOf(parameters, "s")}${last}</s:${operation}></soapenv:Body></soapenv:Envelope>`
  );
}

function elementsOf(texts: Readonly<Record<string, string>>, prefix: string): string {
  return Object.entries(texts)
    .map(([name, text]) => `<${prefix}:${name}>${escapeText(text)}</${prefix}:${name}>`)
    .join("");
}

/** Text as XML source. A carriage return would reach the server as a line feed. */
export function escapeText(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/\r/g, "&#13;");
}
