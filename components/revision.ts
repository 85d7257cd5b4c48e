import type * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { ServerCertificates } from "./serverCertificates";

/**
 * The revision of a server's files. Its keepers are the files, so that a preview shows a line diff per file. Its id is a
 * label of the container, so that a changed file replaces the container.
 *
 * @param files name -> content, without secrets
 */
export function createRevision(
  name: string,
  files: Readonly<Record<string, string>>,
  certificates: ServerCertificates,
  parent: pulumi.Resource,
): random.RandomId {
  const keepers = { ...certificates.keepers, ...files };
  return new random.RandomId(`${name}-config`, { byteLength: 8, keepers }, { parent });
}
