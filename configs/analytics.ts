import type { XmlElement } from "@rgrove/parse-xml";
import { roleRecords } from "../product/roles";
import { traitsOf } from "../product/versions";
import type { Settings } from "../settings";
import type { Node } from "../topology";
import type { XmlEdit } from "../xml/edit";
import type { Placeholder, Value } from "../xml/parse";
import type { Deployment } from "./deployment";
import { isLocalAddress } from "./local";
import { adminPassword, warnSwitchedOff } from "./values";

const analyticsPassword: Placeholder = { secret: "analytics-password" };

/** A service of the analytics server: the elements of APIUsageTracking with its address and an account. */
interface Service {
  readonly url: string;
  readonly urlOf: (host: string, ports: { readonly thrift: number; readonly rest: number }) => string;
  readonly user: string;
  readonly password: string;
}

/** The services of each kind of server. */
const servicesOf: Readonly<Record<"BAM" | "DAS", readonly Service[]>> = {
  BAM: [
    {
      url: "BAMServerURL",
      urlOf: (host, { thrift }) => `tcp://${host}:${thrift}/`,
      user: "BAMUsername",
      password: "BAMPassword",
    },
  ],
  DAS: [
    {
      url: "DASServerURL",
      urlOf: (host, { thrift }) => `{tcp://${host}:${thrift}/}`,
      user: "DASUsername",
      password: "DASPassword",
    },
    {
      url: "DASRestApiURL",
      urlOf: (host, { rest }) => `https://${host}:${rest}`,
      user: "DASRestApiUsername",
      password: "DASRestApiPassword",
    },
  ],
};

/** The addresses of the stock files. */
const stock = { host: "localhost", ports: { thrift: 7612, rest: 9444 } } as const;

/**
 * The analytics server: gateways send events to it, Publishers and Stores show its statistics. 1.9.0 takes the address
 * from its admin dashboard and has only a switch here.
 */
export function renderAnalytics(edit: XmlEdit, node: Node, { settings }: Deployment): void {
  const isUser = settings.analytics && roleRecords[node.role].usesAnalytics === true;
  const parent = edit.only(edit.root, "APIUsageTracking");
  const { analyticsServer } = traitsOf(edit.file.version);
  if (!parent) {
    if (isUser && analyticsServer) throw edit.missing("APIManager/APIUsageTracking");
    return;
  }
  if (!settings.analytics) warnSwitchedOff(edit, edit.only(parent, "Enabled"), "analytics");
  if (isUser) {
    edit.setIfPresent(parent, "SkipEventReceiverConnection", false);
    if (analyticsServer) renderServer(edit, parent, settings, analyticsServer);
  } else switchOff(edit, parent, settings);
}

function renderServer(edit: XmlEdit, parent: XmlElement, settings: Settings, kind: "BAM" | "DAS"): void {
  const { analyticsHost, analyticsPort, analyticsRestPort, analyticsUser } = settings;
  const [events] = servicesOf[kind];
  if (events && !edit.only(parent, events.url)) throw edit.missing(`APIManager/APIUsageTracking/${events.url}`);
  // In later stock files it is a comment, and without it nothing is sent.
  edit.ensure(parent, "Enabled", true, { after: ["SkipEventReceiverConnection", "PublisherClass"] });
  edit.setIfPresent(parent, "ThriftPort", analyticsPort);
  for (const { url, urlOf, user, password } of servicesOf[kind]) {
    edit.setIfPresent(parent, url, urlOf(analyticsHost, { thrift: analyticsPort, rest: analyticsRestPort }));
    edit.setChild(parent, user, analyticsUser);
    edit.setChild(parent, password, analyticsPassword);
  }
}

/** Off, with the product's own addresses. The stock file has the administrator's default password here. */
function switchOff(edit: XmlEdit, parent: XmlElement, { adminUser }: Settings): void {
  const set = (name: string, value: Value) => edit.setIfPresent(parent, name, value);
  set("Enabled", false);
  for (const { url, urlOf, user, password } of Object.values(servicesOf).flat()) {
    const address = edit.only(parent, url);
    if (address && !isLocalAddress(address.text)) edit.setText(address, urlOf(stock.host, stock.ports));
    set(user, adminUser);
    set(password, adminPassword);
  }
}
