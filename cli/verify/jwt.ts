import { createVerify, X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { errorMessage } from "../../errors";
import { roleThat } from "../../product/roles";
import { completeSettings } from "../../settings/derived";
import { managementAccess, type Node, type Topology } from "../../topology";
import type { DeployedStack } from "../deployedStack";
import { parse, Refused } from "./answers";

/** What back ends must receive about the caller. */
export interface ExpectedJwt {
  /** The HTTP header with the JSON Web Token. */
  readonly header: string;
  /** False: the deployment's tokens have no signature. */
  readonly signed: boolean;
  /** The certificates of the servers that sign. @throws naming the server that does not present one */
  readonly certificates: () => Promise<readonly X509Certificate[]>;
}

/** The signature does not fit the certificate of any server that signs. */
export class WrongSigner extends Refused {}

/** Milliseconds for a server to present its certificate. */
const certificateLimit = 10_000;

/** @returns undefined: back ends of this deployment receive no JSON Web Token */
export function expectedJwt({
  settings,
  topology,
  caCertificate,
}: Pick<DeployedStack, "settings" | "topology" | "caCertificate">): ExpectedJwt | undefined {
  const { jwt, jwtHeader, jwtSignature } = completeSettings(settings, "verify");
  if (!jwt) return undefined;
  // Key Managers sign, with the key of carbon.xml, which is also that of their management port.
  const signer = roleThat(({ servesIdentity }) => servesIdentity);
  const signers = topology.nodes.filter(({ role }) => role === signer);
  return {
    header: jwtHeader,
    signed: jwtSignature !== "NONE",
    certificates: () => Promise.all(signers.map((node) => certificateOf(node, topology, caCertificate))),
  };
}

/**
 * Checks form and signature. The product encodes the parts in standard Base64, later versions in the form for URLs.
 * @throws Refused, or WrongSigner
 */
export async function checkJwt(token: string, { signed, certificates }: ExpectedJwt): Promise<void> {
  const [head = "", claims = "", signature = "", ...more] = token.split(".");
  const [header, body] = [head, claims].map((part) => parse(Buffer.from(part, "base64").toString("utf8")));
  if (!header || !body || more.length > 0)
    throw new Refused("expected a JSON Web Token of header, claims and signature, found another text");
  if (!signed) return;
  if (header.alg !== "RS256") throw new Refused(`expected a token signed with RS256, found "${header.alg}"`);
  const isBy = ({ publicKey }: X509Certificate) =>
    createVerify("RSA-SHA256").update(`${head}.${claims}`).verify(publicKey, Buffer.from(signature, "base64"));
  const known = await certificates();
  if (!known.some(isBy))
    throw new WrongSigner(
      `expected a signature by ${[...new Set(known.map(nameOf))].join(" or ")}, found another signature`,
    );
}

function nameOf({ subject, fingerprint256 }: X509Certificate): string {
  return `${subject.replaceAll("\n", ", ")} (SHA-256 ${fingerprint256.slice(0, 23)}...)`;
}

/** The certificate that a node presents on its management port. */
function certificateOf(node: Node, topology: Topology, ca: string): Promise<X509Certificate> {
  const { address, port, host: servername } = managementAccess(topology, node);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) =>
      reject(new Error(`${node.name} does not present its certificate on port ${port}: ${errorMessage(error)}`));
    const socket = connect({ host: address, port, servername, ca });
    socket.setTimeout(certificateLimit, () => socket.destroy(new Error(`no answer within ${certificateLimit} ms`)));
    socket.once("error", fail);
    socket.once("secureConnect", () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw));
      socket.end();
    });
  });
}
