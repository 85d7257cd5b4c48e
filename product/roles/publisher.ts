import { environments, keyValidation, login, tierCache } from "./calls";
import { commonFiles } from "./files";
import type { RoleRecord } from "./record";

export const publisher = {
  title: "Publisher",
  purpose: "lets API providers create and publish APIs",
  name: "publisher",
  host: "publisher.apim-wso2.com",
  profile: "api-publisher",
  offset: 2,
  firstAddress: 61,
  databases: { always: ["apimgtdb", "userdb", "regdb"], withTenants: [] },
  files: commonFiles,
  calls: [login, keyValidation, { ...environments("APIs are deployed to the gateway"), deploysApis: true }, tierCache],
  // One cluster with the Stores, so that a published API clears their registry cache.
  cluster: {
    setting: "clusterDomain",
    domain: "wso2.pub.store.domain",
    when: "always",
    why: "published APIs show up in the Store at once",
  },
  volumes: [],
  sessions: "always",
  starts: "after balancer",
  jwt: "issues",
  usesAnalytics: true,
  selfSignUp: "configures",
  linksTo: [
    { to: "store", element: "APIStore", path: "/store" },
    { to: "publisher", element: "APIPublisher", path: "/publisher" },
  ],
} as const satisfies RoleRecord;
