import { call } from "../client";
import type { Context } from "../context";
import { describe } from "../errors";
import type { Answer, Handler } from "../http";
import type { RoleParts } from "./index";

/** Headers that belong to one connection, not to the message. */
const connectionHeaders = ["connection", "content-length", "host", "keep-alive", "transfer-encoding", "upgrade"];

/** API traffic: token, authorize and revoke go on to the Key Manager. */
export function gatewayParts(context: Context): Pick<RoleParts, "traffic" | "services"> {
  return {
    traffic: [passThrough(context)],
    services: [{ name: "APIGatewayAdmin", roles: ["gateway"], operations: {} }],
  };
}

/** Requests for the gateway's own APIs go where their synapse files say. */
function passThrough({ configuration, trafficCaller, log }: Context): Handler {
  return async ({ method, path, query, headers, body }): Promise<Answer | undefined> => {
    const api = configuration.passThroughApis.find(({ context }) => path === context || path.startsWith(`${context}/`));
    if (api === undefined) {
      return undefined;
    }
    if (!api.methods.includes(method)) {
      return { status: 405, headers: { allow: api.methods.join(", ") }, body: `${api.context} takes ${api.methods}\n` };
    }
    const url = new URL(api.target);
    url.search = query.toString();
    try {
      const answer = await call(trafficCaller, {
        url: url.href,
        method,
        headers: messageHeaders(headers),
        ...(method !== "GET" && { body }),
      });
      return { status: answer.status, headers: messageHeaders(answer.headers), body: answer.body };
    } catch (error) {
      log.error(`${api.file}: ${url.host}: ${describe(error)}`);
      const description = `Error connecting to the back end: ${url.host}: ${describe(error)}`;
      return {
        status: 500,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          fault: { code: "101503", type: "Status report", message: "Runtime Error", description },
        }),
      };
    }
  };
}

function messageHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || connectionHeaders.includes(name) ? [] : [[name, [value].flat().join(", ")]],
    ),
  );
}
