import type { Role } from "../../product/roles";
import type { ServiceServer } from "../../services/soap";
import { noServer } from "./answers";
import { type Front, isBalancers } from "./front";
import type { BrowserUser } from "./logInPage";

/** The servers of a role, whose management services are called through the load balancer. */
export function frontService(front: Front, role: Role, { username, password }: BrowserUser): ServiceServer {
  return {
    name: `the servers of ${front.hosts(role, "https").join(", ")}`,
    user: username,
    password,
    post: async (path, headers, body) => {
      const answer = await front.ask({ role, path, method: "POST", headers, body: Buffer.from(body) });
      if (isBalancers(answer)) throw noServer(answer);
      return answer;
    },
  };
}
