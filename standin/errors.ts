/** What a refused connection means, in words; other errors keep their own. */
const meanings: Readonly<Record<string, string>> = {
  ENOTFOUND: "the host name does not resolve",
  EAI_AGAIN: "the host name does not resolve",
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection was cut",
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

/** One line for a person. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const code = codeOf(error);
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const { host, cert } = error as Error & { host?: string; cert?: { subjectaltname?: string } };
    return `its certificate does not carry the name ${host} (it has ${cert?.subjectaltname ?? "none"})`;
  }
  const meaning = code === undefined ? undefined : meanings[code];
  return meaning === undefined ? (error.message.split("\n")[0] ?? "") : `${meaning} (${code})`;
}

/** Node's and MySQL's error code. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** As `describe`, with the system's own words where they name the address or table. */
export function describeFully(error: unknown): string {
  const text = describe(error);
  return error instanceof Error && codeOf(error) !== undefined && error.message !== text
    ? `${text}: ${error.message.split("\n")[0]}`
    : text;
}
