import { shortNames } from "../certificates/names";

/** Error codes in words; other errors keep their own message. */
const meanings: Readonly<Record<string, string>> = {
  ENOTFOUND: "the host name does not resolve",
  EAI_AGAIN: "the host name does not resolve",
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection was reset",
  EHOSTUNREACH: "the address is not reachable",
  ENETUNREACH: "the address is not reachable",
  ETIMEDOUT: "no answer in time",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is not in the truststore",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is not in the truststore",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is not in the truststore",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is not in the truststore",
  CERT_HAS_EXPIRED: "its certificate has expired",
  EPROTO: "it does not speak TLS",
  ER_ACCESS_DENIED_ERROR: "user or password refused",
  ER_DBACCESS_DENIED_ERROR: "the user has no rights on this database",
  ER_BAD_DB_ERROR: "there is no such database",
};

/** The message of whatever was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** One line about an error, in words where its code is known. */
export function describe(error: unknown): string {
  const code = codeOf(error);
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const { host, cert } = error as Error & { host?: string; cert?: { subjectaltname?: string } };
    return `its certificate is not valid for ${host} (it names ${shortNames(cert?.subjectaltname ?? "")})`;
  }
  const meaning = code === undefined ? undefined : meanings[code];
  return meaning === undefined ? firstLine(error) : `${meaning} (${code})`;
}

/** The error code of Node or MySQL. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** Like `describe`, followed by the original message, which may name the address or the table. */
export function describeFully(error: unknown): string {
  const text = describe(error);
  return codeOf(error) !== undefined && errorMessage(error) !== text ? `${text}: ${firstLine(error)}` : text;
}

function firstLine(error: unknown): string {
  return errorMessage(error).split("\n")[0] ?? "";
}
