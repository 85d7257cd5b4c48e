import { environments, keyValidation, login, revocation } from "./calls";
import { commonFiles } from "./files";
import { publisher } from "./publisher";
import type { RoleRecord } from "./record";

export const store = {
  title: "Store",
  purpose: "lets API consumers find APIs, subscribe to them and get keys",
  name: "store",
  host: "store.apim-wso2.com",
  profile: "api-store",
  offset: 3,
  firstAddress: 81,
  databases: { always: ["apimgtdb", "userdb", "regdb"], withTenants: [] },
  files: commonFiles,
  calls: [login, keyValidation, environments("the gateway forgets keys that have ended"), revocation],
  cluster: publisher.cluster,
  volumes: [],
  sessions: "always",
  starts: "after balancer",
  callsApis: true,
  usesAnalytics: true,
  selfSignUp: "offers",
} as const satisfies RoleRecord;
