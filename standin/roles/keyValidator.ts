import { Cache } from "../cache";
import { apiManagerFile } from "../configuration/apiManager";
import type { Context } from "../context";
import type { Validation } from "../data/tokens";
import { describe } from "../errors";
import { callService } from "../serviceClient";
import { askOverThrift, openThriftSession, thriftTarget } from "../thrift";

/** Asks the Key Manager about tokens, over the protocol that KeyValidatorClientType names. */
export interface KeyValidator {
  /** @throws when the Key Manager can't be asked, naming the element that decides it. */
  readonly validate: (key: { token: string; context: string; version: string }) => Promise<Validation>;
  /** Forgets what is known of a token, here and at the other members of the cluster. */
  readonly forget: (token: string) => void;
}

const thriftMilliseconds = 10_000;
/** What a Key Manager says to a session that it does not know. */
const refused = "session refused";
/** Cluster messages that say which token is to be forgotten. */
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
  const { keyValidation } = configuration.apiManager;
  const neighbour = { service: keyValidation, decidedBy: `${keyValidation.element}/ServerURL in ${apiManagerFile}` };
  return async (key) =>
    (await callService(caller, neighbour, "APIKeyValidationService/validateKey", key)) as Validation;
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
      // A Key Manager that was started anew does not know older sessions.
      if (session === undefined || describe(error) !== refused) {
        throw error;
      }
      session = undefined;
      return ask(key);
    });
}
