import { XmlElement } from "@rgrove/parse-xml";
import { selfSignUp } from "../product/selfSignUp";
import { quietRoot } from "./quietXml";
import { callService, escapeText, type ServiceServer, startingName } from "./soap";

/** What the registry says about self sign-up. */
export interface SignUp {
  /** Whether visitors of the Store may sign up. */
  readonly enabled: boolean;
  /** The account with which the Store creates users. */
  readonly user: string;
  readonly password: string;
}

const resources = { service: "ResourceAdminService", namespace: "http://services.resource.registry.carbon.wso2.org" };

/** Milliseconds for which the services and the resource of a server that has just started are waited for. */
const startLimit = 120_000;

/**
 * Sets the three values in the registry's resource; the domain of new users and their roles stay as they are there.
 *
 * Runs inside a dynamic resource, so it uses plain functions only.
 *
 * @param server one that has the shared registry
 * @param limit milliseconds for which a server that is starting is waited for
 * @returns whether the resource was changed
 * @throws when the server can't be reached or has no such resource, or the resource is not as the product writes it
 */
export async function configureSignUp(server: ServiceServer, signUp: SignUp, limit = startLimit): Promise<boolean> {
  const { resource } = selfSignUp;
  const found = await readWhenStarted(server, resource, limit);
  const text = found?.text ?? "";
  const wanted = withSignUp(text, signUp);
  if (wanted === text) return false;
  await callService(server, {
    ...resources,
    operation: "updateTextContent",
    parameters: { resourcePath: resource, contentText: wanted },
  });
  return true;
}

/** Reads a resource. The management port opens before the services answer, and before the server writes the resource. */
async function readWhenStarted(server: ServiceServer, path: string, limit: number) {
  const end = Date.now() + limit;
  for (;;) {
    try {
      return await callService(server, { ...resources, operation: "getTextContent", parameters: { path } });
    } catch (error) {
      const isStarting =
        error instanceof Error && (error.name === startingName || /Resource does not exist/.test(error.message));
      if (!isStarting || Date.now() >= end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(1000, limit)));
  }
}

/** The resource's text with the three values. @throws naming the resource and the element that is missing */
export function withSignUp(text: string, { enabled, user, password }: SignUp): string {
  const values: [string, string][] = [
    [selfSignUp.enabled, String(enabled)],
    [selfSignUp.user, user],
    [selfSignUp.password, password],
  ];
  return values.reduce((changed, [name, value]) => withText(changed, name, value), text);
}

function withText(text: string, name: string, value: string): string {
  const remedy =
    "delete the resource in the Publisher's console and restart the Publisher, which creates it again, or correct it there";
  const what = `registry resource ${selfSignUp.resource}`;
  const root = quietRoot(text, `${what} (${remedy})`);
  const found = root.children.find((child): child is XmlElement => child instanceof XmlElement && child.name === name);
  if (!found) throw new Error(`${what}: expected the element ${name} in its root, found none; ${remedy}`);
  if (found.text === value) return text;
  return `${text.slice(0, found.start)}<${name}>${escapeText(value)}</${name}>${text.slice(found.end)}`;
}
