export { hostAddress, managementUrl } from "./addresses";
export { buildTopology } from "./build";
export { topologyFaults } from "./faults";
export { fingerprint } from "./fingerprint";
export { hostsOf, tlsHosts } from "./hosts";
export * from "./model";
export { isWorker } from "./nodes";
export { type PublishedRoute, publishedRoute, publishedRoutes, routeUrl } from "./publishedRoutes";
export { topologyWarnings } from "./warnings";
