import { z } from "zod";
import { jdbcDriver } from "../../product/mysql";
import { settingInfo, text, textOrAuto, textOrNothing } from "./describe";
import { hostName, port, shortText } from "./names";
import { rolesWith } from "./perRole";

/** The value of `distribution` that stands for the embedded stand-in instead of a product pack. */
export const standIn = "stand-in";

const issuers = rolesWith(({ jwt }) => jwt === "issues");
const users = rolesWith(({ usesAnalytics }) => usesAnalytics);

const tokenElement = (element: string) =>
  `\`${element}\` on ${issuers}; not added to a file without the element when the value is the product's own default`;

export const product = {
  title: "The product",
  settings: {
    distribution: text(/./, "stand-in, or the path of a directory or zip").default(standIn).register(settingInfo, {
      description:
        "`stand-in`, or the path of your `wso2am-<version>` directory or zip, from which the image, the stock configuration and the dbscripts are taken",
    }),
    image: text(/^\S*$/, "the name of an image, or nothing").default("").register(settingInfo, {
      description:
        "an image that already holds your pack and the JDBC driver; without it, the image is built from `distribution`",
    }),
    jdbcDriver: textOrAuto(
      /^([0-9]+(\.[0-9]+)+|.*[^/]\.jar)$/,
      `the path of a ${jdbcDriver.artifact} jar, or a version of it such as ${jdbcDriver.standardVersion}`,
    )
      .default("auto")
      .register(settingInfo, {
        description: `the MySQL driver of the image: the path of a ${jdbcDriver.artifact} jar, or its version on Maven; auto: the driver of the pack, or ${jdbcDriver.standardVersion} if the pack has none`,
      }),
    apimHome: text(/^\/[^\s:]*[^/\s:]$/, "an absolute path without a slash at its end")
      .default("/opt/wso2am")
      .register(settingInfo, { description: "with `image`: the directory of the pack in it" }),
    multiTenancy: z
      .boolean()
      .default(false)
      .register(settingInfo, {
        description: "tenants: user store, registry mounts and database grants on all roles",
        changes: {
          dataSources: "the data sources that a role uses only with tenants",
          userManagement: "`dataSource` on all roles",
          registry: "`dbConfig`, `remoteInstance` and mounts on all roles",
        },
      }),
    adminUser: text(
      // A colon ends the name in HTTP Basic, and what stands before a slash is the domain of a user store.
      /^(?!wso2\.(system|anonymous)\.)[^~!#$;%^*+={}\\|<>,'"\s:/]{3,30}$/i,
      "3 to 30 characters that the product permits in a user name, without : and /, and no name of the product's own such as wso2.system.user",
    )
      .default("admin")
      .register(settingInfo, {
        description:
          "user name of the administrator; the password is generated unless you set the secret `adminPassword`",
        changes: {
          userManagement: "`AdminUser/UserName` on all roles",
          apiManager:
            "`Username` of `AuthManager`, of key validation, of each `Environment` and of a usage tracker that is off, on all roles",
        },
      }),
    selfSignUp: z
      .enum(["on", "off"])
      .default("on")
      .register(settingInfo, {
        description: "whether visitors of the Store may create an account of their own",
        changes: {
          apiManager: "`SelfSignUp/Enabled` on all roles, up to 1.8; later, a resource of the shared registry",
        },
      }),
    jwt: z
      .boolean()
      .default(false)
      .register(settingInfo, {
        description: "JSON Web Tokens for backends, issued by Key Managers and Publishers",
        changes: { apiManager: `\`EnableTokenGeneration\` on ${issuers}` },
      }),
    jwtHeader: text(/^[A-Za-z0-9-]{1,64}$/, "the name of an HTTP header, e.g. X-JWT-Assertion")
      .default("X-JWT-Assertion")
      .register(settingInfo, {
        description: "with `jwt`: the HTTP header that carries the token to backends",
        changes: { apiManager: `\`SecurityContextHeader\` on ${rolesWith(({ jwt }) => jwt)}` },
      }),
    jwtClaimsRetriever: textOrNothing(
      /^([A-Za-z_$][\w$]*\.)+[A-Za-z_$][\w$]*$/,
      "the full name of a Java class, e.g. org.wso2.carbon.apimgt.impl.token.DefaultClaimsRetriever",
    )
      .default("")
      .register(settingInfo, {
        description:
          "with `jwt`: the Java class that adds the user's claims to the token; without it, the token carries no such claims",
        changes: { apiManager: tokenElement("ClaimsRetrieverImplClass") },
      }),
    jwtDialect: text(/^[a-z][a-z0-9+.-]*:[^\s<>"]+$/, "a URI, e.g. http://wso2.org/claims")
      .default("http://wso2.org/claims")
      .register(settingInfo, {
        description: "with `jwt`: URI of the claims' dialect",
        changes: { apiManager: tokenElement("ConsumerDialectURI") },
      }),
    jwtSignature: z
      .enum(["SHA256withRSA", "NONE"])
      .default("SHA256withRSA")
      .register(settingInfo, {
        description: "with `jwt`: the signature algorithm; NONE: tokens are not signed",
        changes: { apiManager: tokenElement("SignatureAlgorithm") },
      }),
    analytics: z
      .boolean()
      .default(false)
      .register(settingInfo, {
        description:
          "gateways send events to your own analytics server (BAM; DAS from 1.10), Publishers and Stores show its statistics; needs the secret `analyticsPassword`",
        changes: {
          apiManager: `on ${users}: \`APIUsageTracking/Enabled\`, and \`SkipEventReceiverConnection\`, of which 1.9.0 has only the second`,
        },
      }),
    analyticsHost: hostName.default("bam.apim-wso2.com").register(settingInfo, {
      description: "with `analytics`: host name of the analytics server, which the nodes must be able to resolve",
      changes: {
        apiManager: `on ${users}: \`BAMServerURL\` up to 1.8 and in 1.9.1, \`DASServerURL\` and \`DASRestApiURL\` from 1.10 on`,
      },
    }),
    analyticsPort: port.default(7612).register(settingInfo, {
      description: "with `analytics`: Thrift port of the analytics server",
      changes: { apiManager: `on ${users}: \`ThriftPort\`, \`BAMServerURL\` or \`DASServerURL\`` },
    }),
    analyticsRestPort: port.default(9444).register(settingInfo, {
      description: "with `analytics`, from 1.10 on: HTTPS port of the analytics server's web services",
      changes: { apiManager: `on ${users}: \`DASRestApiURL\`` },
    }),
    analyticsUser: shortText(1, 64)
      .default("admin")
      .register(settingInfo, {
        description: "with `analytics`: the user that sends the events",
        changes: { apiManager: `on ${users}: \`BAMUsername\`, or \`DASUsername\` and \`DASRestApiUsername\`` },
      }),
  },
} as const;
