import { once } from "node:events";
import { Duplex } from "node:stream";
import { connect, createSecureContext, TLSSocket } from "node:tls";

/** The security level of Debian's OpenSSL, and so of the balancer: it refuses weaker keys and signatures. */
const ciphers = "DEFAULT@SECLEVEL=2";

/**
 * Runs a TLS handshake within this process, between a server with this key and a client that trusts these certificates.
 *
 * @param server PEM: key and chain
 * @param trusted PEM, one or several
 * @param name the host name by which the client calls the server
 * @throws with OpenSSL's reason when the client refuses the server
 */
export async function handshake(
  server: { readonly key: string; readonly chain: readonly string[] },
  trusted: string,
  name: string,
): Promise<void> {
  const secureContext = createSecureContext({ key: server.key, cert: server.chain.join(""), ciphers });
  const [here, there] = connectedStreams();
  const serving = new TLSSocket(there, { isServer: true, secureContext });
  const client = connect({ socket: here, servername: name, ca: trusted, ciphers });
  try {
    // When the client refuses, its own error gives the reason.
    serving.on("error", () => undefined);
    await waitForHandshake(client);
  } finally {
    client.destroy();
    serving.destroy();
  }
}

/** Waits for a client's handshake. @throws when the client refuses the server, or the server does not answer in time */
export async function waitForHandshake(client: TLSSocket, limitMilliseconds = 10_000): Promise<void> {
  const signal = AbortSignal.timeout(limitMilliseconds);
  try {
    await once(client, "secureConnect", { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Error(`the TLS handshake did not finish within ${limitMilliseconds / 1000} s`);
  }
}

/** Two streams: what is written into one can be read from the other. */
function connectedStreams(): [Duplex, Duplex] {
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
