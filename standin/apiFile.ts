import { parseXml, type XmlElement } from "@rgrove/parse-xml";
import { childrenOf, find, textAt } from "./configuration/xml";
import { type KeyType, keyTypes } from "./data/keyTypes";
import { escapeHtml } from "./pages";
import { registryName } from "./users";

/** What a gateway does with a call that has a valid token. */
export type Treatment =
  /** Forwards the call to this URL of the backend. */
  | { readonly endpoint: string }
  /** Answers with this sequence of the gateway, e.g. `_sandbox_key_error_`. */
  | { readonly sequence: string }
  /** Answers with status 401 and this message. */
  | { readonly refusal: string };

/** An API on a gateway. */
export interface DeployedApi {
  readonly name: string;
  readonly provider: string;
  readonly version: string;
  /** With the version, e.g. `/weather/1.0.0`. */
  readonly context: string;
  /** The HTTP methods of its resource, which has all paths; at least one. */
  readonly methods: readonly string[];
  /** Calls with keys of this type get the treatment `matching`, all others `other`. */
  readonly keyType: KeyType;
  readonly matching: Treatment;
  readonly other: Treatment;
}

const namespace = "http://ws.apache.org/ns/synapse";

/** The file name of an API in the gateway's directory of APIs. */
export function apiFileName({ provider, name, version }: Pick<DeployedApi, "name" | "provider" | "version">): string {
  return `${[synapseName({ provider, name }), `v${version}`].join("_").replace(/[^\w.-]/g, "-")}.xml`;
}

function synapseName({ provider, name }: Pick<DeployedApi, "name" | "provider">): string {
  return `${registryName(provider)}--${name}`;
}

/** Writes an API as a synapse file, with a filter on the type of the key. */
export function formatApi({
  name,
  provider,
  version,
  context,
  methods,
  keyType,
  matching,
  other,
}: DeployedApi): string {
  const attributes = [
    attribute("name", synapseName({ provider, name })),
    attribute("context", context),
    attribute("version", version),
    'version-type="context"',
  ].join(" ");
  return `<?xml version="1.0" encoding="UTF-8"?>
<api xmlns="${namespace}" ${attributes}>
    <resource ${attribute("methods", methods.join(" "))} url-mapping="/*">
        <inSequence>
            <filter source="$ctx:AM_KEY_TYPE" ${attribute("regex", keyType)}>
                <then>
                    ${formatTreatment(matching)}
                </then>
                <else>
                    ${formatTreatment(other)}
                </else>
            </filter>
        </inSequence>
        <outSequence>
            <send/>
        </outSequence>
    </resource>
    <handlers>
        <handler class="org.wso2.carbon.apimgt.gateway.handlers.security.APIAuthenticationHandler"/>
    </handlers>
</api>
`;
}

function formatTreatment(treatment: Treatment): string {
  if ("endpoint" in treatment) {
    return `<send><endpoint><address ${attribute("uri", treatment.endpoint)}/></endpoint></send>`;
  }
  if ("sequence" in treatment) {
    return `<sequence ${attribute("key", treatment.sequence)}/>`;
  }
  const body = `<error xmlns=""><message>${escapeHtml(treatment.refusal)}</message></error>`;
  const status = '<property name="HTTP_SC" value="401" scope="axis2"/>';
  return `<payloadFactory><format>${body}</format></payloadFactory>${status}<send/>`;
}

function attribute(key: string, value: string): string {
  return `${key}="${escapeHtml(value)}"`;
}

/** Reads a file that `formatApi` wrote; undefined: the file has another form. */
export function parseApi(text: string): DeployedApi | undefined {
  const root = parseXml(text).root;
  const methods = root && childrenOf(root, "resource")[0]?.attributes.methods?.split(/\s+/);
  const filter = root && find(root, "resource/inSequence/filter");
  const { name = "", context, version } = root?.attributes ?? {};
  const [provider, ...rest] = name.split("--");
  const keyType = keyTypes.find((one) => one === filter?.attributes.regex);
  const matching = filter && parseTreatment(find(filter, "then"));
  const other = filter && parseTreatment(find(filter, "else"));
  if (
    provider === undefined ||
    context === undefined ||
    version === undefined ||
    !methods ||
    !keyType ||
    !matching ||
    !other
  ) {
    return undefined;
  }
  return {
    name: rest.join("--"),
    provider: provider.replaceAll("-AT-", "@"),
    version,
    context,
    methods,
    keyType,
    matching,
    other,
  };
}

function parseTreatment(branch: XmlElement | undefined): Treatment | undefined {
  const address = branch && find(branch, "send/endpoint/address");
  if (address !== undefined) {
    return { endpoint: address.attributes.uri ?? "" };
  }
  const sequence = branch && childrenOf(branch, "sequence")[0]?.attributes.key;
  if (sequence !== undefined) {
    return { sequence };
  }
  const refusal = branch && textAt(branch, "payloadFactory/format/error/message");
  return refusal === undefined ? undefined : { refusal };
}
