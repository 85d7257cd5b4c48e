import { call, resolveHost, timedOut } from "./client";
import type { Service } from "./configuration/apiManager";
import type { Context } from "./context";
import { describe } from "./errors";
import type { ConfiguredLink, LinkKind } from "./links";
import { serviceUrl } from "./serviceClient";
import { askOverThrift, openThriftSession } from "./thrift";

/** One link as seen from this server. */
export interface LinkState {
  /** Element and target: unique on this node. */
  readonly id: string;
  readonly kind: LinkKind;
  readonly protocol: ConfiguredLink["protocol"];
  readonly host: string;
  readonly port: number;
  /** The address to which the host name resolved. */
  readonly address?: string;
  readonly file: string;
  readonly element: string;
  /** `unchecked`: an address for browsers, which servers never call. */
  readonly state: "ok" | "failed" | "unchecked";
  readonly error?: string;
  /** Duration of the check. */
  readonly ms: number;
}

/** Timeout of the check of one link. Where containers start at the same time, a server may take seconds to answer. */
const checkMilliseconds = 4000;

/** Checks one link; never throws. */
export async function checkLink(context: Context, link: ConfiguredLink): Promise<LinkState> {
  const { kind, protocol, host, port, file, element } = link;
  const base = { id: `${element} -> ${host}:${port}`, kind, protocol, host, port, file, element };
  if (kind === "published") {
    return { ...base, state: "unchecked", ms: 0 };
  }
  const start = performance.now();
  const taken = (): number => Math.round(performance.now() - start);
  let address: string | undefined;
  try {
    await withinLimit(
      (async () => {
        address = await resolveHost(context.caller.lookup, host);
        await tryLink(context, link);
      })(),
    );
    return { ...base, ...(address && { address }), state: "ok", ms: taken() };
  } catch (error) {
    return { ...base, ...(address && { address }), state: "failed", error: describe(error), ms: taken() };
  }
}

async function tryLink(context: Context, link: ConfiguredLink): Promise<void> {
  const { apiManager } = context.configuration;
  switch (link.kind) {
    case "database": {
      const source = context.databases.sources.find(({ jndiName }) => jndiName === link.name);
      return source && context.databases.check(source);
    }
    case "authentication":
      return tryService(context, apiManager.authManager, "AuthenticationAdmin");
    case "keyValidation":
      return tryService(context, apiManager.keyValidation, "APIKeyValidationService");
    case "environment": {
      const environment = apiManager.environments.find(({ name }) => name === link.name);
      return environment && tryService(context, environment, "APIGatewayAdmin");
    }
    case "tierCache":
      return apiManager.storeServices && tryService(context, apiManager.storeServices, "AuthenticationAdmin");
    case "thrift": {
      const session = await openThriftSession(context.caller, context.configuration, checkMilliseconds);
      await askOverThrift(context.caller, link, session, { operation: "ping" }, checkMilliseconds);
      return;
    }
    case "revocation":
      return tryUrl(context.caller, link);
    case "passThrough":
      return tryUrl(context.trafficCaller, link);
    case "clusterMember": {
      const isMember = context.cluster.members().some(({ host, port }) => host === link.host && port === link.port);
      if (!isMember) {
        throw new Error(context.cluster.problem(link));
      }
      return;
    }
    case "hostAlias":
    case "published":
      return;
  }
}

/** Calls a service of another server with the administrator's credentials. */
async function tryService({ caller }: Context, service: Service, name: string): Promise<void> {
  const { status } = await call(caller, {
    url: serviceUrl(service, name),
    credentials: service,
    timeout: checkMilliseconds,
  });
  if (status === 401) {
    throw new Error(`user ${service.user} or its password refused`);
  }
  refuseBalancerAnswers(status);
  if (status !== 200) {
    throw new Error(`${name} answered ${status}: this server does not have that service`);
  }
}

/** Any status but 404 shows that the server serves the path. The request changes nothing. */
async function tryUrl(caller: Context["caller"], { url = "" }: ConfiguredLink): Promise<void> {
  const { status } = await call(caller, { url, timeout: checkMilliseconds });
  refuseBalancerAnswers(status);
  if (status === 404) {
    throw new Error(`${new URL(url).pathname} is not served there (404)`);
  }
}

/** A load balancer that answers by itself has no server behind it, so the link fails. */
function refuseBalancerAnswers(status: number): void {
  if (status === 421) {
    throw new Error("answered 421: a load balancer has no route for the host name");
  }
  if ([502, 503, 504].includes(status)) {
    throw new Error(`answered ${status}: a load balancer has no server for the host name`);
  }
}

async function withinLimit(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(timedOut(checkMilliseconds)), checkMilliseconds);
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
