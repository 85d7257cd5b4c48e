/** What went wrong in a call to the Docker engine, in words for a person. */
export class DockerError extends Error {
  constructor(
    message: string,
    /** HTTP status, absent when no engine answered. */
    readonly status?: number,
  ) {
    super(message);
  }
}

interface Failure {
  readonly statusCode?: number;
  readonly code?: string;
  readonly message?: string;
  readonly json?: { readonly message?: string } | null;
}

/** More than any call takes that is not made to wait. */
export const LIMIT_MS = 5 * 60_000;

/**
 * One call to the engine.
 *
 * @param doing what fails in the error, e.g. `create container web`
 * @param limit milliseconds for the answer; default 5 min
 * @throws {DockerError} always of this class, with the engine's own words and the remedy if one is known
 */
export async function attempt<T>(doing: string, call: Promise<T>, limit = LIMIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const why = `the Docker engine has not answered for ${limit / 1000} s; see how it does (docker ps), or start it anew (systemctl restart docker), then run the command again`;
    if (limit < Number.POSITIVE_INFINITY) timer = setTimeout(() => reject(new DockerError(`${doing}: ${why}`)), limit);
  });
  try {
    return await Promise.race([call, late]);
  } catch (error) {
    throw error instanceof DockerError ? error : translate(doing, error as Failure);
  } finally {
    clearTimeout(timer);
  }
}

/** As {@link attempt}, but undefined when the object does not exist, or for another error that is `fine`. */
export function attemptOrGone<T>(
  doing: string,
  call: Promise<T>,
  fine = (_error: DockerError): boolean => false,
  limit = LIMIT_MS,
) {
  return attempt(doing, call, limit).catch((error: DockerError) => {
    if (error.status === 404 || fine(error)) return undefined;
    throw error;
  });
}

/** What somebody else made is never taken over. */
export function foreign(what: string, name: string, remove: string, id?: string): DockerError {
  const which = id ? ` (${id.slice(0, 12)})` : "";
  return new DockerError(
    `create ${what} ${name}: a ${what} of this name is there already${which} and not recorded in this stack; ` +
      `remove it (${remove} ${name}), or choose another name`,
  );
}

const SILENT = new Set(["ECONNREFUSED", "ENOENT", "EACCES", "ENOTFOUND", "ECONNRESET", "EPIPE"]);

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /port is already allocated|(port|listen|bind).*address already in use/i,
    "another program or container of this host uses that port: stop it, or choose another port in the settings",
  ],
  [
    /address .*in use/i,
    "another container of the network has that address: remove it, or choose another subnet or address",
  ],
  [
    /has active endpoints/i,
    "containers that this stack did not make are connected to it: disconnect them (docker network disconnect)",
  ],
  [/no such image/i, "build or pull it first (docker images shows what is there)"],
  [/no space left/i, "free disk space on the Docker host (docker system df shows what uses it)"],
];

function translate(doing: string, failure: Failure): DockerError {
  if (SILENT.has(failure.code ?? "")) {
    const why = failure.code === "EACCES" ? "permission denied: add your user to the group docker" : failure.code;
    // The same for all that was under way, so that it is told once.
    return new DockerError(`no Docker engine answers (${why}); start it (systemctl start docker), or set DOCKER_HOST`);
  }
  const said = failure.json?.message ?? failure.message ?? String(failure);
  const remedy = REMEDIES.find(([pattern]) => pattern.test(said));
  return new DockerError(`${doing}: ${said}${remedy ? `; ${remedy[1]}` : ""}`, failure.statusCode);
}
