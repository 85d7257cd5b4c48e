import type { Role } from "../../product/roles";
import { faultName, type ServiceServer } from "../../services/soap";
import { noServer, Refused } from "./answers";
import { type Front, isBalancers } from "./front";
import type { BrowserUser } from "./logInPage";

/** Waits for a call of a service. @throws Refused when the service has refused it */
export async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw error instanceof Error && error.name === faultName ? new Refused(error.message, { cause: error }) : error;
  }
}

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
