import type { XmlElement } from "@rgrove/parse-xml";
import { roleRecords } from "../product/roles";
import { traitsOf } from "../product/versions";
import type { Settings } from "../settings";
import type { Node } from "../topology";
import type { XmlEdit } from "../xml/edit";
import { children, type Placeholder, type Value } from "../xml/parse";
import type { Deployment } from "./deployment";
import { adminPassword } from "./values";

const analyticsPassword: Placeholder = { secret: "analytics-password" };

/** The elements that a version has for the analytics server. */
interface Vocabulary {
  readonly parent: string;
  readonly prefix: "BAM" | "DAS";
  readonly url: (address: string) => string;
}

const vocabularies: readonly Vocabulary[] = [
  { parent: "APIUsageTracking", prefix: "BAM", url: (address) => `tcp://${address}/` },
  { parent: "Analytics", prefix: "DAS", url: (address) => `{tcp://${address}}` },
];

/**
 * The analytics server that gateways send their events to. The structure of the file tells what to write: up to 1.8 it
 * has the address of BAM; 1.9 takes the address from its admin dashboard and has only a switch here; later files may
 * have the address of DAS.
 */
export function renderAnalytics(edit: XmlEdit, node: Node, { settings }: Deployment): void {
  const isSender = settings.analytics && roleRecords[node.role].sendsEvents === true;
  const found = vocabularies.flatMap((vocabulary) =>
    children(edit.root, vocabulary.parent).map((element) => ({ vocabulary, element })),
  );
  const servers = found.filter(({ vocabulary, element }) => has(element, `${vocabulary.prefix}ServerURL`));
  if (isSender && servers.length === 0 && traitsOf(edit.file.version).hasBamServer)
    throw edit.missing("APIManager/APIUsageTracking/BAMServerURL");
  for (const { vocabulary, element } of servers) renderServer(edit, element, vocabulary, isSender, settings);
  if (isSender) for (const { element } of found) edit.setIfPresent(element, "SkipEventReceiverConnection", false);
}

function renderServer(
  edit: XmlEdit,
  element: XmlElement,
  { prefix, url }: Vocabulary,
  isSender: boolean,
  settings: Settings,
): void {
  const set = (name: string, value: Value) => edit.setIfPresent(element, name, value);
  set("Enabled", isSender);
  if (!isSender) {
    // The stock file has the administrator's default password here, although the feature is off.
    set(`${prefix}Username`, settings.adminUser);
    set(`${prefix}Password`, adminPassword);
    return;
  }
  set("ThriftPort", settings.analyticsPort);
  set(`${prefix}ServerURL`, url(`${settings.analyticsHost}:${settings.analyticsPort}`));
  edit.setChild(element, `${prefix}Username`, settings.analyticsUser);
  edit.setChild(element, `${prefix}Password`, analyticsPassword);
}

function has(element: XmlElement, name: string): boolean {
  return children(element, name).length > 0;
}
