import type { XmlElement } from "@rgrove/parse-xml";
import type { Node, Topology } from "../topology";
import type { XmlEdit } from "../xml/edit";
import { children, type Placeholder, type Value } from "../xml/parse";
import { adminPassword } from "./values";
import { traitsOf } from "./versions";

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
 * Where gateways send their events to. Told by the file's structure: BAM's address stands in it up to 1.8; 1.9 is told
 * the address in its admin dashboard and has only a switch here; later files may name DAS.
 */
export function renderAnalytics(edit: XmlEdit, node: Node, topology: Topology): void {
  const isSender = node.role === "gateway" && topology.features.analytics !== undefined;
  const found = vocabularies.flatMap((vocabulary) =>
    children(edit.root, vocabulary.parent).map((element) => ({ vocabulary, element })),
  );
  const servers = found.filter(({ vocabulary, element }) => has(element, `${vocabulary.prefix}ServerURL`));
  if (isSender && servers.length === 0 && traitsOf(edit.file.version).hasBamServer)
    throw edit.missing("APIManager/APIUsageTracking/BAMServerURL");
  for (const { vocabulary, element } of servers) renderServer(edit, element, vocabulary, isSender, topology);
  if (isSender) for (const { element } of found) edit.setIfPresent(element, "SkipEventReceiverConnection", false);
}

function renderServer(
  edit: XmlEdit,
  element: XmlElement,
  { prefix, url }: Vocabulary,
  isSender: boolean,
  { features }: Topology,
): void {
  const { analytics, adminUser } = features;
  const set = (name: string, value: Value) => edit.setIfPresent(element, name, value);
  set("Enabled", isSender);
  if (!isSender || !analytics) {
    // Though off, it has the administrator's stock password.
    set(`${prefix}Username`, adminUser);
    set(`${prefix}Password`, adminPassword);
    return;
  }
  set("ThriftPort", analytics.port);
  set(`${prefix}ServerURL`, url(`${analytics.host}:${analytics.port}`));
  edit.setChild(element, `${prefix}Username`, analytics.user);
  edit.setChild(element, `${prefix}Password`, analyticsPassword);
}

function has(element: XmlElement, name: string): boolean {
  return children(element, name).length > 0;
}
