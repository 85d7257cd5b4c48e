export { isFromBalancer, nodeHeader } from "./answers";
export { balancerFiles, balancerPem } from "./files";
export { renderBalancer } from "./haproxy";
export { nodeCookie, nodeOfCookie } from "./sessions";
