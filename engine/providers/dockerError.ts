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

/**
 * Runs one step against the engine.
 * @param doing what fails in the error, e.g. `create container web`
 * @throws {DockerError} always of this class, with the engine's own words and the remedy if one is known
 */
export async function attempt<T>(doing: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw error instanceof DockerError ? error : translate(doing, error as Failure);
  }
}

/** As {@link attempt}, but undefined when the object does not exist. */
export async function attemptOrGone<T>(doing: string, step: () => Promise<T>): Promise<T | undefined> {
  try {
    return await attempt(doing, step);
  } catch (error) {
    if (error instanceof DockerError && error.status === 404) {
      return undefined;
    }
    throw error;
  }
}

function translate(doing: string, failure: Failure): DockerError {
  if (
    failure.code === "ECONNREFUSED" ||
    failure.code === "ENOENT" ||
    failure.code === "EACCES" ||
    failure.code === "ENOTFOUND"
  ) {
    const why = failure.code === "EACCES" ? "permission denied: add your user to the group docker" : failure.code;
    return new DockerError(
      `${doing}: no Docker engine answers (${why}); start it (systemctl start docker), or set DOCKER_HOST`,
    );
  }
  const said = failure.json?.message ?? failure.message ?? String(failure);
  return new DockerError(`${doing}: ${said}${remedy(said)}`, failure.statusCode);
}

function remedy(said: string): string {
  if (/port is already allocated|address already in use/i.test(said) && /port|listen|bind/i.test(said)) {
    return "; another program or container of this host uses that port: stop it, or choose another port in the settings";
  }
  if (/^Address already in use|address .*in use/i.test(said)) {
    return "; another container of the network has that address: remove it, or choose another subnet or address";
  }
  if (/has active endpoints/i.test(said)) {
    return "; containers that this stack did not make are connected to it: disconnect them (docker network disconnect)";
  }
  if (/no such image/i.test(said)) {
    return "; build or pull it first (docker images shows what is there)";
  }
  if (/no space left/i.test(said)) {
    return "; free disk space on the Docker host (docker system df shows what uses it)";
  }
  return "";
}
