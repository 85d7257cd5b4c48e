import { setTimeout as sleep } from "node:timers/promises";

/** A failed call to the Docker engine. */
export class DockerError extends Error {
  constructor(
    message: string,
    /** HTTP status; undefined if no engine answered. */
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

/** More than any call takes, except calls that wait for something. */
export const LIMIT_MS = 5 * 60_000;

/**
 * Awaits one call to the Docker engine.
 *
 * @param doing names the call in errors, e.g. `create container web`
 * @param limit timeout in milliseconds. @default 5 min
 * @throws {DockerError} with the engine's message, and with the remedy if it is known
 */
export async function attempt<T>(doing: string, call: Promise<T>, limit = LIMIT_MS): Promise<T> {
  const answered = new AbortController();
  const timeout = sleep(limit, undefined, { signal: answered.signal }).then(() => {
    throw new DockerError(
      `${doing}: the Docker engine did not answer within ${limit / 1000} s; check its state (docker ps), or restart it (systemctl restart docker), then run the command again`,
    );
  });
  try {
    return await Promise.race([call, timeout]);
  } catch (error) {
    throw error instanceof DockerError ? error : translate(doing, error as Failure);
  } finally {
    answered.abort();
  }
}

/** As {@link attempt}, but returns undefined if the object does not exist, or for an error that `isExpected`. */
export function attemptOrGone<T>(
  doing: string,
  call: Promise<T>,
  isExpected = (_error: DockerError): boolean => false,
  limit = LIMIT_MS,
) {
  return attempt(doing, call, limit).catch((error: DockerError) => {
    if (error.status === 404 || isExpected(error)) return undefined;
    throw error;
  });
}

/** The error for an object that exists already but is not recorded in this stack. */
export function foreign(what: string, name: string, remove: string, id?: string): DockerError {
  const which = id ? ` (${id.slice(0, 12)})` : "";
  return new DockerError(
    `create ${what} ${name}: a ${what} with this name already exists${which} and is not recorded in this stack; ` +
      `remove it (${remove} ${name}), or choose another name`,
  );
}

const UNREACHABLE = new Set(["ECONNREFUSED", "ENOENT", "EACCES", "ENOTFOUND", "ECONNRESET", "EPIPE"]);

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /port is already allocated|(port|listen|bind).*address already in use/i,
    "another program or container on this host uses that port: stop it, or choose another port in the settings",
  ],
  [
    /address .*in use/i,
    "another container in the network has that address: remove it, or choose another subnet or address",
  ],
  [
    /has active endpoints/i,
    "containers that this stack did not create are connected to it: disconnect them (docker network disconnect)",
  ],
  [/no such image/i, "build or pull it first (docker images lists the existing ones)"],
  [
    /not a swarm manager|not part of a swarm/i,
    "use a manager of the swarm (docker swarm init makes this engine one; or set DOCKER_HOST to a manager)",
  ],
  [/swarm is encrypted and needs to be unlocked/i, "unlock it with docker swarm unlock"],
  [
    /swarm does not have a leader|no elected (primary cluster manager|leader)/i,
    "start enough managers of the swarm: more than half of them must run (docker node ls)",
  ],
  [
    /is in use by the following services?/i,
    "these services must let go of it first; give a new name to each new content, so that the old one is deleted last",
  ],
  [/name conflicts with an existing object/i, "remove the existing one, or choose another name"],
  [
    /unauthorized|authentication required|no basic auth credentials|denied: |access denied|incorrect username or password/i,
    "check address, username and password in registryAuth of the docker provider, and the user's rights",
  ],
  [
    /server gave HTTP response to HTTPS client/i,
    "add the registry to insecure-registries of each Docker engine, and give its address as http:// in registryAuth",
  ],
  [
    /(registry|\/v2\/|Get "https?:).*(no such host|connection refused|i\/o timeout|no route to host|Client\.Timeout)/is,
    "the Docker engine does not reach the registry: check its address, and that it runs",
  ],
  [/no space left/i, "free disk space on the Docker host (docker system df shows what uses it)"],
];

function translate(doing: string, failure: Failure): DockerError {
  if (UNREACHABLE.has(failure.code ?? "")) {
    const why = failure.code === "EACCES" ? "permission denied: add your user to the group docker" : failure.code;
    // Without `doing`, so that the display shows the error once for all calls that failed.
    return new DockerError(`no Docker engine answers (${why}); start it (systemctl start docker), or set DOCKER_HOST`);
  }
  const message = failure.json?.message ?? failure.message ?? String(failure);
  return new DockerError(`${doing}: ${withRemedy(message)}`, failure.statusCode);
}

/** A message of the Docker engine, followed by the remedy if it is known. */
export function withRemedy(message: string): string {
  const remedy = REMEDIES.find(([pattern]) => pattern.test(message));
  return remedy ? `${message}; ${remedy[1]}` : message;
}
