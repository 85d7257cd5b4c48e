import { keyValidation, passThrough, thriftKeyValidation } from "./calls";
import { commonFiles } from "./files";
import type { RoleRecord } from "./record";

export const gateway = {
  title: "Gateway",
  purpose: "secures, throttles and routes the API calls",
  name: "gateway",
  host: "gateway.apim-wso2.com",
  profile: "gateway-manager",
  offset: 1,
  firstAddress: 41,
  databases: { always: [], withTenants: ["userdb", "regdb"] },
  files: [...commonFiles, "tokenApi", "authorizeApi", "revokeApi", "userInfoApi"],
  calls: [
    keyValidation,
    thriftKeyValidation,
    passThrough("token", "_TokenAPI_"),
    passThrough("authorize", "_AuthorizeAPI_"),
    passThrough("revoke", "_RevokeAPI_", "1.7.0"),
    passThrough("userInfo", "_UserInfoAPI_", "1.10.0"),
  ],
  cluster: {
    setting: "gatewayClusterDomain",
    domain: "wso2.gateway.domain",
    when: "several",
    why: "a revoked token is refused by all gateways",
  },
  servesApis: { workerProfile: "gateway-worker" },
  volumes: [
    { suffix: "synapse-configs", path: "repository/deployment/server/synapse-configs/default" },
    { suffix: "tenants", path: "repository/tenants", onlyWithTenants: true },
  ],
  // So that no other node changes when gateways come and go.
  alwaysBalanced: true,
  sessions: "several",
  starts: "around balancer",
  jwt: "forwards",
  usesAnalytics: true,
} as const satisfies RoleRecord;
