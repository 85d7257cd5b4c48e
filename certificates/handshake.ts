import { Duplex } from "node:stream";
import { connect, createSecureContext, TLSSocket } from "node:tls";

/** The lowest level of Debian's OpenSSL, which the balancer has: weaker keys and signatures it refuses. */
const ciphers = "DEFAULT@SECLEVEL=2";

/**
 * Lets a server that has this key and a client that trusts these certificates meet, within this process.
 *
 * @param server PEM: key and chain
 * @param trusted PEM, one or several
 * @param name that the client calls the server by
 * @throws with OpenSSL's reason when one refuses the other
 */
export async function meet(
  server: { readonly key: string; readonly chain: readonly string[] },
  trusted: string,
  name: string,
): Promise<void> {
  const secureContext = createSecureContext({ key: server.key, cert: server.chain.join(""), ciphers });
  const [here, there] = connected();
  const serving = new TLSSocket(there, { isServer: true, secureContext });
  const client = connect({ socket: here, servername: name, ca: trusted, ciphers });
  try {
    // What the client does not like, it says itself.
    serving.on("error", () => undefined);
    await secured(client);
  } finally {
    client.destroy();
    serving.destroy();
  }
}

/** @throws why the client refuses the server, or that the server keeps it waiting */
export async function secured(client: TLSSocket, limitMilliseconds = 10_000): Promise<void> {
  let limit: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      client.once("secureConnect", resolve);
      client.once("error", reject);
      const late = `the handshake has not ended within ${limitMilliseconds / 1000} s`;
      limit = setTimeout(() => reject(new Error(late)), limitMilliseconds);
    });
  } finally {
    clearTimeout(limit);
  }
}

/** Two ends of a line: what is written into one can be read from the other. */
function connected(): [Duplex, Duplex] {
  const end = (other: () => Duplex): Duplex =>
    new Duplex({
      read: () => undefined,
      write(chunk: Buffer, _encoding, done) {
        other().push(chunk);
        done();
      },
      final(done) {
        other().push(null);
        done();
      },
    });
  const left: Duplex = end(() => right);
  const right: Duplex = end(() => left);
  return [left, right];
}
