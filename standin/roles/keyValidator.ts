import { Cache } from "../cache";
import { apiManagerFile } from "../configuration/apiManager";
import type { Context } from "../context";
import type { Validation } from "../data/tokens";
import { describe } from "../errors";
import { callService, keyManagerTarget } from "../serviceClient";
import { askOverThrift, openThriftSession, thriftTarget } from "../thrift";

/** Validates tokens at the Key Manager, over the protocol of KeyValidatorClientType. */
export interface KeyValidator {
  /** @throws naming the element that configures the Key Manager when it does not answer */
  readonly validate: (key: { token: string; context: string; version: string }) => Promise<Validation>;
  /** Removes a token from the cache, here and on the other members of the cluster. */
  readonly forget: (token: string) => void;
}

const thriftMilliseconds = 10_000;
/** The Key Manager's answer to an unknown session. */
const refused = "session refused";
/** Topic of cluster messages whose body is a revoked token. */
const topic = "revokedToken";

export function keyValidator(context: Context): KeyValidator {
  const { gatewayKeyCache, keyValidation } = context.configuration.apiManager;
  const ask = keyValidation.clientType === "WSClient" ? webServiceClient(context) : thriftClient(context);
  const cache = new Cache<{ readonly token: string; readonly validation: Validation }>();
  const forget = (token: string): void => cache.forget((known) => known.token === token);
  context.cluster.subscribe(topic, forget);
  return {
    validate: async (key) => {
      const id = JSON.stringify([key.token, key.context, key.version]);
      const known = cache.get(id);
      if (known !== undefined) {
        return known.validation;
      }
      const validation = await ask(key);
      if (gatewayKeyCache && validation.authorized) {
        cache.set(id, { token: key.token, validation });
      }
      return validation;
    },
    forget: (token) => {
      forget(token);
      context.cluster.send({ topic, body: token });
    },
  };
}

function webServiceClient({ caller, configuration }: Context): KeyValidator["validate"] {
  const target = keyManagerTarget(configuration);
  return async (key) => (await callService(caller, target, "APIKeyValidationService/validateKey", key)) as Validation;
}

function thriftClient({ caller, configuration }: Context): KeyValidator["validate"] {
  const target = thriftTarget(configuration);
  const { element, url } = configuration.apiManager.keyValidation;
  const failed = (where: string, decidedBy: string) => (error: unknown) => {
    if (describe(error) === refused) {
      throw error;
    }
    throw new Error(
      `Thrift key validation at ${where} (${element}/${decidedBy} in ${apiManagerFile}): ${describe(error)}`,
    );
  };
  let session: string | undefined;
  const ask = async (key: Parameters<KeyValidator["validate"]>[0]): Promise<Validation> => {
    session ??= await openThriftSession(caller, configuration, thriftMilliseconds).catch(failed(url, "ServerURL"));
    const request = { operation: "validateKey", ...key } as const;
    const asked = askOverThrift(caller, target, session, request, thriftMilliseconds);
    return (await asked.catch(failed(`${target.host}:${target.port}`, "ThriftClientPort"))) as Validation;
  };
  return (key) =>
    ask(key).catch((error: unknown) => {
      // A Key Manager loses its sessions when it restarts.
      if (session === undefined || describe(error) !== refused) {
        throw error;
      }
      session = undefined;
      return ask(key);
    });
}
