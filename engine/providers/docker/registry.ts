/** Deletes images in a registry. The Docker engine does all else there, but it can't delete. */

import * as http from "node:http";
import * as https from "node:https";
import type { Credentials } from "./registryAuth";

const LIMIT_MS = 30_000;

/** The parts of an image's name, as the official provider finds them. */
export interface ImageName {
  /** Host and port; Docker Hub if there is none. */
  readonly registry: string;
  readonly repository: string;
  /** Or the digest. */
  readonly tag: string;
}

export function parseImageName(image: string): ImageName {
  const [first = "", ...rest] = image.split("/");
  const hasRegistry = rest.length > 1 || (rest.length > 0 && (/[.:]/.test(first) || first === "localhost"));
  const [name = "", digest] = (hasRegistry ? rest.join("/") : image).split("@");
  const [repository = "", tag = "latest"] = name.split(":");
  const isOfficial = !hasRegistry && !repository.includes("/");
  return {
    registry: hasRegistry ? first : "registry-1.docker.io",
    repository: isOfficial ? `library/${repository}` : repository,
    tag: digest ?? tag,
  };
}

interface Answer {
  readonly status: number;
  readonly challenge: string;
  readonly body: string;
}

/**
 * Deletes the manifest of an image; succeeds if there is none.
 *
 * @param digest of the manifest
 * @param insecure accepts any TLS certificate
 * @throws with the remedy, when the registry can't be reached or refuses
 */
export async function deleteManifest(
  { url, username, password }: Credentials,
  { repository }: ImageName,
  digest: string,
  insecure: boolean,
  signal: AbortSignal,
): Promise<void> {
  const basic = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const target = `${url}/v2/${repository}/manifests/${digest}`;
  const doing = `delete ${repository}@${digest} in the registry ${url}`;
  const ask = async (method: string, address: string, authorization: string | undefined): Promise<Answer> =>
    request(method, address, authorization, insecure, signal).catch((error: Error) => {
      throw new Error(`${doing}: ${error.message}; check that this machine reaches the registry, or set keepRemotely`);
    });
  let answer = await ask("DELETE", target, username === "" ? undefined : basic);
  if (answer.status === 401 && /^Bearer /i.test(answer.challenge)) {
    const token = await ask("GET", tokenUrl(answer.challenge, repository), username === "" ? undefined : basic);
    answer = await ask("DELETE", target, `Bearer ${tokenOf(token.body)}`);
  }
  if ([200, 202, 404].includes(answer.status)) return;
  const remedy =
    answer.status === 405
      ? "the registry does not delete: set keepRemotely, or allow it (REGISTRY_STORAGE_DELETE_ENABLED=true)"
      : "check the credentials in registryAuth and the user's rights, or set keepRemotely";
  throw new Error(`${doing}: HTTP status ${answer.status}; ${remedy}`);
}

function tokenUrl(challenge: string, repository: string): string {
  const value = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? "";
  const query = new URLSearchParams({
    service: value("service"),
    scope: value("scope") || `repository:${repository}:*`,
  });
  return `${value("realm")}?${query}`;
}

function tokenOf(body: string): string {
  const { token, access_token } = JSON.parse(body) as { token?: string; access_token?: string };
  return token ?? access_token ?? "";
}

/** Not fetch, which can't accept a certificate that it can't verify. */
function request(
  method: string,
  address: string,
  authorization: string | undefined,
  insecure: boolean,
  signal: AbortSignal,
): Promise<Answer> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
  const options = { method, signal: within, headers: authorization ? { authorization } : {} };
  return new Promise((resolve, reject) => {
    const answered = (response: http.IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          challenge: response.headers["www-authenticate"] ?? "",
          body: Buffer.concat(chunks).toString("utf8"),
        }),
      );
    };
    const sent = address.startsWith("https:")
      ? https.request(address, { ...options, rejectUnauthorized: !insecure }, answered)
      : http.request(address, options, answered);
    sent.on("error", reject).end();
  });
}
