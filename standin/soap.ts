import { parseXml, XmlElement } from "@rgrove/parse-xml";
import { find } from "./configuration/xml";
import { describe } from "./errors";
import type { Answer, Request } from "./http";
import { escapeHtml } from "./pages";

/** A service of the product over SOAP 1.1. */
export interface SoapService {
  readonly namespace: string;
  /** By the name of the element in the body. Each returns the XML of its result; undefined: it has no result. */
  readonly operations: Readonly<Record<string, (input: XmlElement) => Promise<string | undefined>>>;
}

const envelope = "http://schemas.xmlsoap.org/soap/envelope/";

/** The root element of a text. @throws when it is not well-formed XML */
export function rootOf(text: string): XmlElement {
  const { root } = parseXml(text);
  if (root === null) {
    throw new Error("expected an XML document, found no root element");
  }
  return root;
}

/** Answers a request. As in Axis2, an operation without a result is answered with status 202, a failure with a fault. */
export async function answerSoap({ namespace, operations }: SoapService, { path, body }: Request): Promise<Answer> {
  let input: XmlElement | null | undefined;
  try {
    const root = parseXml(body.toString("utf8")).root;
    input = root && find(root, "Body")?.children.find((child): child is XmlElement => child instanceof XmlElement);
  } catch (error) {
    return soapFault(`the request is not well-formed XML: ${describe(error)}`);
  }
  const name = input?.name.replace(/^.*:/, "") ?? "";
  const operation = operations[name];
  if (!input || operation === undefined) {
    return soapFault(
      `The endpoint reference (EPR) for the Operation not found is ${path} and the operation is ${name}`,
    );
  }
  try {
    const result = await operation(input);
    if (result === undefined) {
      return { status: 202 };
    }
    const response = `<ns:${name}Response xmlns:ns="${escapeHtml(namespace)}"><ns:return>${result}</ns:return></ns:${name}Response>`;
    return inEnvelope(200, response);
  } catch (error) {
    return soapFault(describe(error));
  }
}

/** A fault with status 500. */
export function soapFault(reason: string): Answer {
  const fault = `<faultcode>soapenv:Server</faultcode><faultstring>${escapeHtml(reason)}</faultstring><detail/>`;
  return inEnvelope(500, `<soapenv:Fault>${fault}</soapenv:Fault>`);
}

function inEnvelope(status: number, content: string): Answer {
  return {
    status,
    headers: { "content-type": "text/xml; charset=UTF-8" },
    body: `<?xml version='1.0' encoding='UTF-8'?><soapenv:Envelope xmlns:soapenv="${envelope}"><soapenv:Body>${content}</soapenv:Body></soapenv:Envelope>`,
  };
}
