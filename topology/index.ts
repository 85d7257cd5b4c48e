export { buildTopology, hostAddress } from "./build";
export * from "./model";
