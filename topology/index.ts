export { hostAddress, managementUrl } from "./addresses";
export { buildTopology } from "./build";
export { topologyFaults } from "./faults";
export { fingerprint } from "./fingerprint";
export { hostsOf, tlsHosts } from "./hosts";
export * from "./model";
export { isWorker } from "./nodes";
export { topologyWarnings } from "./warnings";
