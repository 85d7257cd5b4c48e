export { hostAddress, managementUrl } from "./addresses";
export { buildTopology } from "./build";
export type { EnvironmentType } from "./environments";
export { topologyFaults } from "./faults";
export { fingerprint } from "./fingerprint";
export { hostsOf, tlsHosts } from "./hosts";
export * from "./model";
export { topologyWarnings } from "./warnings";
