import type { Distribution } from "../../distribution";
import { isSince } from "../../product/versions";
import { changed, standInDistribution } from "./stock";

/** All supported versions. {@link distributionOf} derives the known structure of each from the stand-in's 1.9 files. */
export const versions = ["1.5.0", "1.6.0", "1.7.0", "1.8.0", "1.9.0", "1.9.1", "1.10.0"] as const;

export function distributionOf(version: (typeof versions)[number]): Distribution {
  const stock = changed(standInDistribution(), (text, path) => {
    if (path.endsWith("api-manager.xml")) return apiManager(version, text);
    if (path.endsWith("API_.xml")) return synapseApi(version, text);
    if (path.endsWith("carbon.xml")) return text.replace("<Version>1.9.0<", `<Version>${version}<`);
    return text;
  });
  const files = new Map(
    [...stock.files].filter(([path]) => isSince(version, "1.7.0") || !path.endsWith("_RevokeAPI_.xml")),
  );
  return { ...stock, version, files };
}

function apiManager(version: string, text: string): string {
  if (version === "1.9.0") return text;
  if (version === "1.9.1")
    return text.replace(/(?= {4}<APIKeyValidator>)/, `${tracking(bam, "<!--Enabled>false</Enabled-->")}\n`);
  if (isSince(version, "1.10.0"))
    return text
      .replace(/(?= {4}<APIKeyValidator>)/, `${tracking(das, "<!--Enabled>false</Enabled-->")}\n`)
      .replace(/(<APIStore>[\s\S]*?<\/URL>)/, `$1${storeServices}`);
  const older = text
    .replace(/ {4}<!-- Only for a key manager of another make\. -->\n[\s\S]*?<\/APIKeyManager-->\n/, "")
    .replaceAll("APIKeyValidator", "APIKeyManager")
    .replaceAll(/\$\{admin\.(username|password)\}/g, "admin")
    .replace(' api-console="true"', "")
    .replace(/\s*<Description>.*<\/Description>/, "")
    .replace(
      "<Access-Control-Allow-Origin>*<",
      "<Access-Control-Allow-Origin>https://localhost:9443,http://localhost:9763<",
    )
    .replace(/(?= {4}<APIKeyManager>)/, `${tracking(bam, "<Enabled>false</Enabled>")}\n${signUp}`);
  if (isSince(version, "1.7.0")) return older;
  return older
    .replace(/\s*<!-- Revoked.*\n\s*<RevokeAPIURL>.*<\/RevokeAPIURL>/, "")
    .replace(">/oauth2/token<", ">oauth2/token<")
    .replaceAll(/\s*<URL>https:.*<\/URL>/g, "");
}

const signUp = `    <SelfSignUp>
        <Enabled>true</Enabled>
        <SubscriberRoleName>subscriber</SubscriberRoleName>
    </SelfSignUp>
`;
const bam = `<ThriftPort>7612</ThriftPort>
        <BAMServerURL>tcp://localhost:7612/</BAMServerURL>
        <BAMUsername>admin</BAMUsername>
        <BAMPassword>admin</BAMPassword>
        <!--DataSourceName>jdbc/WSO2AM_STATS_DB</DataSourceName-->`;
const das = `<DASServerURL>{tcp://localhost:7612/}</DASServerURL>
        <DASUsername>admin</DASUsername>
        <DASPassword>admin</DASPassword>
        <DASRestApiURL>https://localhost:9444</DASRestApiURL>
        <DASRestApiUsername>admin</DASRestApiUsername>
        <DASRestApiPassword>admin</DASRestApiPassword>
        <SkipEventReceiverConnection>false</SkipEventReceiverConnection>`;

function tracking(server: string, enabled: string): string {
  return `    <APIUsageTracking>
        ${enabled}
        ${server}
    </APIUsageTracking>
`;
}

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: the product's own notation
const storeServices = [
  "",
  "<ServerURL>https://${carbon.local.ip}:${mgt.transport.https.port}${carbon.context}/services/</ServerURL>",
  "<Username>${admin.username}</Username>",
  "<Password>${admin.password}</Password>",
].join("\n        ");
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: the product's own notation

function synapseApi(version: string, text: string): string {
  if (isSince(version, "1.9.0")) return text;
  const authority = isSince(version, "1.8.0") ? "localhost:{mgtHttpsPort}" : "localhost:9443";
  return text
    .replace(/\s*<property name="uri\.var\..*/g, "")
    .replace(/<http uri-template="https:\/\/[^/]*([^"]*)">[\s\S]*<\/http>/, `<address uri="https://${authority}$1"/>`);
}
