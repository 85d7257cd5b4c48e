import { z } from "zod";
import { settingInfo, textOrAuto, textOrNothing } from "./describe";

const file = textOrNothing(/^.{1,1000}$/s, "the path of a file");
/** Any text: a change of the value is what counts. */
const renewal = textOrNothing(/^[\w.:+-]{1,64}$/, "a date, a number or a word");

export const certificates = {
  title: "Certificates",
  settings: {
    keystore: file.default("").register(settingInfo, {
      description:
        "path of your own keystore, JKS or PKCS12, relative to the project, in place of the deployment's; needs `truststore` and the secret `keystorePassword`",
    }),
    keystoreAlias: textOrAuto(/^.{1,100}$/s, "an alias of up to 100 characters")
      .default("auto")
      .register(settingInfo, {
        description: "with `keystore`: alias of the key; auto: the only key in the keystore",
      }),
    truststore: file.default("").register(settingInfo, {
      description:
        "path of your own truststore, JKS or PKCS12, with the certificates that the nodes and the load balancer trust; needs the secret `truststorePassword`",
    }),
    certificateRenewal: renewal.default("").register(settingInfo, {
      description: "another value, e.g. today's date, renews the servers' certificate with the same authority and key",
    }),
    certificateDays: z.int().min(1).max(7300).default(3650).register(settingInfo, {
      description: "days that the servers' certificate is valid; it ends with the authority at the latest",
    }),
    authorityRenewal: renewal.default("").register(settingInfo, {
      description:
        "another value creates a new authority and a new key; clients must then trust the new `caCertificate`",
    }),
  },
} as const;
