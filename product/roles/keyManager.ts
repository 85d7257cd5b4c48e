import { claimBundle } from "../bundles";
import { environments, revocation } from "./calls";
import { commonFiles } from "./files";
import type { RoleRecord } from "./record";

export const keyManager = {
  title: "Key Manager",
  purpose: "issues and validates tokens",
  name: "keymanager",
  host: "keymanager.apim-wso2.com",
  profile: "api-key-manager",
  offset: 0,
  firstAddress: 21,
  databases: { always: ["apimgtdb", "userdb"], withTenants: ["regdb"] },
  // In the profile of 1.9.0 to 1.10.0, the log-in pages and userinfo end in NoClassDefFoundError without it.
  bundles: [claimBundle],
  files: commonFiles,
  calls: [environments("the gateway forgets keys that have ended"), revocation],
  // The product caches tokens (identity.xml EnableOAuthCache).
  cluster: {
    setting: "keyManagerClusterDomain",
    domain: "wso2.km.domain",
    when: "several",
    why: "no Key Manager issues a revoked token again",
  },
  volumes: [],
  sessions: "several",
  calledByNodes: true,
  starts: "before balancer",
  jwt: "issues",
  servesIdentity: true,
  servesThrift: true,
} as const satisfies RoleRecord;
