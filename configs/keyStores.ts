import type { XmlElement } from "@rgrove/parse-xml";
import type { KeyStores } from "../distribution";
import { homeVariable } from "../product/files";
import type { XmlEdit } from "../xml/edit";
import { children, localName } from "../xml/parse";

/** Whether a path in a file is that of a keystore. @param location below APIM_HOME */
export function isSameLocation(found: string, location: string): boolean {
  const path = found.trim();
  return (path.startsWith(homeVariable) ? path.slice(homeVariable.length) : path.replace(/^\.\//, "")) === location;
}

/** The location in the notation of another one: with or without the product's variable for APIM_HOME. */
export function locationLike(found: string | undefined, location: string): string {
  return found?.trim().startsWith("repository/") ? location : homeVariable + location;
}

/**
 * Sets each KeyStore and TrustStore below an element to the keystores of carbon.xml, since the deployment writes only
 * these: a server whose files disagree fails when it opens its TLS ports.
 */
export function renderKeyStores(edit: XmlEdit, parent: XmlElement, { keyStore, trustStore }: KeyStores): void {
  for (const element of children(parent)) {
    const name = localName(element);
    if (name === "KeyStore") renderKeyStore(edit, element, { keyStore, trustStore });
    else if (name === "TrustStore") renderStore(edit, element, { ...trustStore, type: "JKS" });
    else renderKeyStores(edit, element, { keyStore, trustStore });
  }
}

/** Sets one KeyStore element, under whatever name, to the keystore of carbon.xml. */
export function renderKeyStore(edit: XmlEdit, element: XmlElement, { keyStore }: KeyStores): void {
  renderStore(edit, element, { ...keyStore, type: "JKS" });
}

interface Store {
  readonly location: string;
  readonly type: string;
  readonly password: string;
  readonly keyAlias?: string;
  readonly keyPassword?: string;
}

function renderStore(edit: XmlEdit, element: XmlElement, store: Store): void {
  const location = edit.only(element, "Location");
  if (!location) return;
  const wanted: readonly [child: string, value: string | undefined][] = [
    [
      "Location",
      isSameLocation(location.text, store.location) ? location.text : locationLike(location.text, store.location),
    ],
    ["Type", store.type],
    ["Password", store.password],
    ["KeyAlias", store.keyAlias],
    ["KeyPassword", store.keyPassword],
  ];
  const differing = wanted.flatMap(([child, value]) => {
    const found = edit.only(element, child);
    const isSame = child === "Type" ? found?.text.trim().toUpperCase() === value : found?.text.trim() === value?.trim();
    return found && value !== undefined && !isSame ? [{ child, found, value }] : [];
  });
  if (differing.length === 0) return;
  const names = differing.map(({ child }) => child).join(", ");
  edit.warn(element, `${names}: replaced by the keystore of carbon.xml, which this deployment writes`);
  for (const { found, value } of differing) edit.setText(found, value);
}
