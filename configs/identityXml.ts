import type { XmlElement } from "@rgrove/parse-xml";
import type { KeyStores } from "../distribution";
import { jndiNameOf } from "../product/databases";
import { roleRecords } from "../product/roles";
import type { Node } from "../topology";
import type { XmlEdit } from "../xml/edit";
import { children, localName } from "../xml/parse";
import type { Deployment } from "./deployment";
import { renderKeyStores } from "./keyStores";
import { browserUrl } from "./values";

/** Names of elements with a URL of the server's own, in the files of all versions. */
const ownUrl = /(Url|URL|UserPattern|IssuerID)$/;

const authority = /^https?:\/\/[^/]+/i;
const localAuthority = /^https?:\/\/localhost(:\d+)?(?=\/|$)/i;
/** As the stock file has it. */
const stockAuthority = "https://localhost:9443";

/**
 * The URLs of the server's own identity services, for example the issuer of ID tokens. The stock file has localhost in
 * them, which no client can reach; a used file has a former host. Tokens are in apimgtdb.
 */
export function renderIdentityXml(edit: XmlEdit, node: Node, { topology }: Deployment, stores: KeyStores): void {
  const { servesIdentity } = roleRecords[node.role];
  const known = servesIdentity ? browserUrl(topology, node.role) : stockAuthority;
  for (const element of leaves(edit.root)) {
    const text = element.text.trim();
    if (text === known || text.startsWith(`${known}/`) || (!servesIdentity && localAuthority.test(text))) continue;
    const replaced = ownUrl.test(localName(element)) ? authority : localAuthority;
    if (replaced.test(text)) edit.setText(element, text.replace(replaced, known));
    else if (localName(element) === "IDTokenIssuerID" && text !== "")
      edit.warn(element, `"${text}" stays; it is no URL, and clients compare it`);
  }
  const dataSource = edit.find("JDBCPersistenceManager/DataSource/Name");
  if (dataSource) edit.setText(dataSource, jndiNameOf("apimgtdb"));
  renderKeyStores(edit, edit.root, stores);
}

function leaves(element: XmlElement): XmlElement[] {
  const inner = children(element);
  return inner.length === 0 ? [element] : inner.flatMap(leaves);
}
