import type { DeployedApi, Treatment } from "../apiFile";
import { type CallAnswer, call } from "../client";
import type { ErrorSequence } from "../configuration/synapse";
import type { Context } from "../context";
import { apiFor, type DeployedApis, deployedApis } from "../deployedApis";
import { codeOf, describe } from "../errors";
import type { Answer, Handler, Request } from "../http";
import { escapeHtml } from "../pages";
import type { Operation, Service } from "../services";
import { soapFault } from "../soap";
import { tenantOfPath } from "../users";
import { type KeyValidator, keyValidator } from "./keyValidator";
import type { RoleParts } from "./parts";
import { type TenantApis, tenantApis } from "./tenantApis";

/** Headers of one connection, which are not forwarded. */
const connectionHeaders = ["connection", "content-length", "host", "keep-alive", "transfer-encoding", "upgrade"];

/** Milliseconds until a back end must have answered, as in the product (http.socket.timeout of its pass-through). */
const backEndLimit = 60_000;

const namespace = "http://wso2.org/apimanager";
const xml = { "content-type": "application/xml; charset=UTF-8" };

/** API traffic. Requests to token, authorize and revoke are forwarded to the Key Manager. */
export function gatewayParts(context: Context): RoleParts {
  const apis = deployedApis(context.configuration.carbonHome, context.log);
  const tenants = tenantApis(context);
  const validator = keyValidator(context);
  return {
    traffic: [passThrough(context, validator), apiTraffic(context, apisAt(apis, tenants), validator)],
    services: [adminService(apis, tenants, context), authenticationService(validator)],
  };
}

/** The service with which the Publisher deploys APIs. */
function adminService(apis: DeployedApis, tenants: TenantApis, { log }: Context): Service {
  const add = (to: DeployedApis, { tenantDomain: _, ...input }: Parameters<Operation>[0]): boolean => {
    for (const name of ["name", "provider", "version", "context", "methods", "keyType", "matching", "other"] as const) {
      if (!input[name]) {
        throw new Error(`addApi: ${name} is missing`);
      }
    }
    const api = input as unknown as DeployedApi;
    to.deploy(api);
    log.info(`API deployed: ${api.name} ${api.version}`);
    return true;
  };
  const remove = (from: DeployedApis, { name, provider, version }: Parameters<Operation>[0]): boolean => {
    log.info(`API removed: ${name} ${version}`);
    return from.remove({ name: `${name}`, provider: `${provider}`, version: `${version}` });
  };
  return {
    name: "APIGatewayAdmin",
    operations: {
      addApi: async (input) => add(apis, input),
      addApiForTenant: async (input) => add(await tenants(`${input.tenantDomain}`), input),
      deleteApi: async (input) => remove(apis, input),
      deleteApiForTenant: async (input) => remove(await tenants(`${input.tenantDomain}`), input),
    },
  };
}

/** Finds the API that serves a path. @throws when the path is a tenant's and the tenant can't be loaded */
function apisAt(apis: DeployedApis, tenants: TenantApis): (path: string) => Promise<DeployedApi | undefined> {
  return async (path) => {
    const domain = tenantOfPath(path);
    return apiFor((domain === undefined ? apis : await tenants(domain)).all(), path);
  };
}

/** The service by which the Store reports tokens that are no longer valid, or valid for other APIs than before. */
function authenticationService(validator: KeyValidator): Service {
  return {
    name: "APIAuthenticationService",
    operations: {
      invalidateKeys: async ({ tokens }) => {
        for (const token of tokens as readonly string[]) {
          validator.forget(token);
        }
        return true;
      },
    },
  };
}

/** Forwards requests to the targets in the synapse files. A token that the answer reports as ended leaves the cache. */
function passThrough({ configuration, trafficCaller, log }: Context, validator: KeyValidator): Handler {
  return async (request): Promise<Answer | undefined> => {
    const { method, path } = request;
    const api = configuration.passThroughApis.find(({ context }) => path === context || path.startsWith(`${context}/`));
    if (api === undefined) {
      return undefined;
    }
    if (!api.methods.includes(method)) {
      return {
        status: 405,
        headers: { allow: api.methods.join(", ") },
        body: `${api.context}: expected ${api.methods.join(" or ")}, found ${method}\n`,
      };
    }
    try {
      const answer = await forward(trafficCaller, request, api.target, messageHeaders(request.headers));
      for (const ended of [answer.headers.revokedaccesstoken, answer.headers.deactivatedaccesstoken]) {
        if (typeof ended === "string") {
          validator.forget(ended);
        }
      }
      return { status: answer.status, headers: messageHeaders(answer.headers), body: answer.body };
    } catch (error) {
      return backendFault(log, `${api.target} (${api.name} endpoint in ${api.file})`, error);
    }
  };
}

/** Forwards calls to deployed APIs if the Key Manager finds the token valid for the API. */
function apiTraffic(
  { configuration, trafficCaller, log }: Context,
  find: ReturnType<typeof apisAt>,
  validator: KeyValidator,
): Handler {
  const { errorSequences } = configuration;
  const { jwtHeader, allowedOrigins } = configuration.apiManager;
  return async (request): Promise<Answer | undefined> => {
    let api: DeployedApi | undefined;
    try {
      api = await find(request.path);
    } catch (error) {
      log.error(describe(error));
      return soapFault(describe(error));
    }
    if (api === undefined) {
      return undefined;
    }
    const { origin } = request.headers;
    if (request.method === "OPTIONS" && allowedOrigins && origin !== undefined) {
      return preflight(allowedOrigins, origin);
    }
    if (!api.methods.includes(request.method)) {
      // As the product's sequence _resource_mismatch_handler_ answers.
      return fault(403, namespace, 403, "Runtime Error", "No matching resource found in the API for the given request");
    }
    const token = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (token === undefined) {
      return securityFault(401, 900902, "Missing Credentials", "the request has no Authorization: Bearer header");
    }
    let validation: Awaited<ReturnType<KeyValidator["validate"]>>;
    try {
      validation = await validator.validate({ token, context: api.context, version: api.version });
    } catch (error) {
      log.error(describe(error));
      return securityFault(500, 900900, "Unclassified Authentication Failure", describe(error));
    }
    if (!validation.authorized) {
      return validation.code === 900908
        ? securityFault(403, 900908, "Resource forbidden", "the application has no subscription to this API")
        : securityFault(401, 900901, "Invalid Credentials", "the access token is not valid");
    }
    const treatment = validation.keyType === api.keyType ? api.matching : api.other;
    if (!("endpoint" in treatment)) {
      return refusedKey(treatment, errorSequences);
    }
    const { endpoint } = treatment;
    const { authorization: _, [jwtHeader.toLowerCase()]: __, ...headers } = messageHeaders(request.headers);
    const target = endpoint.replace(/\/$/, "") + request.path.slice(api.context.length);
    try {
      const sent = { ...headers, ...(validation.jwt && { [jwtHeader]: validation.jwt }) };
      const answer = await forward(trafficCaller, request, target, sent);
      return { status: answer.status, headers: messageHeaders(answer.headers), body: answer.body };
    } catch (error) {
      return backendFault(log, endpoint, error);
    }
  };
}

/** The answer to a browser's question whether pages from an origin may call the API. */
function preflight(allowed: readonly string[], origin: string): Answer {
  const permitted = allowed.includes("*") ? "*" : allowed.find((one) => one === origin);
  return {
    status: 200,
    headers: {
      "access-control-allow-methods": "GET,PUT,POST,DELETE,OPTIONS",
      ...(permitted !== undefined && { "access-control-allow-origin": permitted }),
    },
  };
}

/** The answer to a valid key of a type that the gateway refuses, or for which the API has no endpoint. */
function refusedKey(
  treatment: Exclude<Treatment, { endpoint: string }>,
  errorSequences: readonly ErrorSequence[],
): Answer {
  if ("refusal" in treatment) {
    return { status: 401, headers: xml, body: `<error><message>${escapeHtml(treatment.refusal)}</message></error>` };
  }
  const sequence = errorSequences.find(({ name }) => name === treatment.sequence);
  return sequence === undefined
    ? fault(500, namespace, 0, "Runtime Error", `the gateway has no sequence ${treatment.sequence}`)
    : fault(sequence.status, namespace, sequence.code, "Runtime Error", sequence.message);
}

function forward(
  caller: Context["trafficCaller"],
  { method, query, body }: Request,
  target: string,
  headers: Record<string, string>,
): Promise<CallAnswer> {
  const url = new URL(target);
  for (const [name, value] of query) {
    url.searchParams.append(name, value);
  }
  return call(caller, { url: url.href, method, headers, timeout: backEndLimit, ...(body.length > 0 && { body }) });
}

/** The product's answer when a backend is not reachable, or did not answer in time. */
function backendFault(log: Context["log"], target: string, error: unknown): Answer {
  const description = `Error connecting to the back end ${target}: ${describe(error)}`;
  log.error(description);
  return fault(500, namespace, codeOf(error) === "ETIMEDOUT" ? 101504 : 101503, "Runtime Error", description);
}

function securityFault(status: number, code: number, message: string, description: string): Answer {
  const answer = fault(status, `${namespace}/security`, code, message, description);
  return status === 401
    ? { ...answer, headers: { ...answer.headers, "www-authenticate": 'OAuth2 realm="stand-in"' } }
    : answer;
}

function fault(status: number, xmlns: string, code: number, message: string, description: string): Answer {
  return {
    status,
    headers: xml,
    body: `<fault xmlns="${xmlns}"><code>${code}</code><type>Status report</type><message>${escapeHtml(message)}</message><description>${escapeHtml(description)}</description></fault>`,
  };
}

function messageHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || connectionHeaders.includes(name) ? [] : [[name, [value].flat().join(", ")]],
    ),
  );
}
