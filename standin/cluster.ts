import { connect, createServer, type Server, type Socket } from "node:net";
import { type Lookup, resolveHost } from "./client";
import { axis2File, type ClusteringConfiguration, type MemberAddress } from "./configuration/axis2";
import { describe } from "./errors";
import { bind } from "./http";
import { readLines } from "./lines";
import type { Log } from "./log";

/** A message to every other member. */
export interface ClusterMessage {
  readonly topic: string;
  readonly body: string;
}

/** This server's membership in a cluster. */
export interface Cluster {
  readonly members: () => readonly MemberAddress[];
  /** Why a configured member has not joined, as far as this server knows. */
  readonly problem: (member: MemberAddress) => string;
  readonly send: (message: ClusterMessage) => void;
  readonly subscribe: (topic: string, listener: (body: string) => void) => void;
  /** Calls back when a member joins. Messages that the member sent before did not arrive here. */
  readonly onJoin: (listener: () => void) => void;
  /**
   * Resolves when every member answers. As in the product, a member that died without a goodbye still holds its part of
   * the shared caches, so what needs them waits until the member is given up or has joined again.
   */
  readonly settled: () => Promise<void>;
  /** Says goodbye to the other members. Resolves when they have it, or after half a second. */
  readonly close: () => Promise<void>;
}

const retryMilliseconds = 1000;
/** Timeout of the greeting after a connection is opened. */
const greetingMilliseconds = 3000;
const heartbeatMilliseconds = 2000;
const goodbyeMilliseconds = 500;
const settledMilliseconds = 50;

type Line =
  | { readonly kind: "hello"; readonly domain: string; readonly member: MemberAddress; readonly registry: string }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "heartbeat" }
  | { readonly kind: "goodbye" }
  | ({ readonly kind: "message" } & ClusterMessage);

export interface ClusterOptions {
  readonly log: Log;
  readonly lookup: Lookup;
  /** Account and URL of the local registry. */
  readonly registry: string;
  /** Seconds. A member that sends nothing for longer is given up, whether its connections are open or not. */
  readonly silence: number;
}

/** A member that has joined and not left. */
interface Joined {
  readonly sockets: Set<Socket>;
  /** When it last sent something, in milliseconds. */
  heard: number;
  /** Runs when the member is lost, and gives it up. */
  timer?: NodeJS.Timeout;
}

/** The membership of a server without clustering. */
export function noCluster(reason: string): Cluster {
  return {
    members: () => [],
    problem: () => reason,
    send: () => undefined,
    subscribe: () => undefined,
    onJoin: () => undefined,
    settled: async () => undefined,
    close: async () => undefined,
  };
}

/**
 * Listens for members, and connects to the configured ones again and again. A member has joined when both sides have
 * sent a greeting with the same domain, no matter which side connected. Members whose local registries have the same
 * account and URL refuse each other: in the product, they read each other's local registry from the shared cache.
 * A member leaves with a goodbye, after its silence, or when its next process joins.
 * @throws when the port can't be bound
 */
export async function joinCluster(
  { domain, scheme, local, members }: ClusteringConfiguration,
  { log, lookup, registry, silence }: ClusterOptions,
): Promise<Cluster> {
  if (local.host === "127.0.0.1" || local.host === "localhost") {
    // The product behaves the same, but logs nothing.
    log.warn(`${axis2File}: other members can't reach localMemberHost ${local.host}; the cluster has one member`);
    return noCluster(`localMemberHost ${local.host} can't be reached by other members`);
  }
  if (scheme !== "wka") {
    log.warn(`${axis2File}: membershipScheme ${scheme}: the stand-in supports only wka; the cluster has one member`);
  }
  const heartbeatEvery = Math.min(heartbeatMilliseconds, (silence * 1000) / 3);
  const joined = new Map<string, Joined>();
  const problems = new Map<string, string>();
  const listeners = new Map<string, ((body: string) => void)[]>();
  const joinListeners: (() => void)[] = [];
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  let closed = false;

  const leave = (key: string, reason: string): void => {
    clearTimeout(joined.get(key)?.timer);
    if (joined.delete(key) && !closed) {
      log.warn(`Member left: ${key} (${reason})`);
    }
  };

  /** The connections have ended without a goodbye: the process was killed. */
  const lose = (key: string, member: Joined): void => {
    const rest = member.heard + silence * 1000 - Date.now();
    if (rest <= 0) {
      leave(key, `silent for ${silence} s`);
      return;
    }
    log.warn(`Member lost: ${key} ended its connections without a goodbye; given up after ${silence} s of silence`);
    member.timer = setTimeout(() => leave(key, `silent for ${silence} s`), rest);
  };

  const add = (address: MemberAddress, socket: Socket): void => {
    const key = keyOf(address);
    if (joined.get(key)?.sockets.size === 0) {
      leave(key, "its next process joins");
    }
    const known = joined.get(key);
    const member: Joined = known ?? { sockets: new Set(), heard: Date.now() };
    member.sockets.add(socket);
    joined.set(key, member);
    if (known === undefined) {
      log.info(`Member joined: ${key} in ${domain}`);
      for (const listener of joinListeners) {
        listener();
      }
    }
    problems.delete(key);
    socket.once("close", () => {
      member.sockets.delete(socket);
      if (member.sockets.size === 0 && !closed && joined.get(key) === member) {
        lose(key, member);
      }
    });
  };

  const memberAt = (socket: Socket): [string, Joined] | undefined =>
    [...joined].find(([, { sockets: own }]) => own.has(socket));

  const receive = (line: Line, socket: Socket, refused: (reason: string) => void): void => {
    const [key, member] = memberAt(socket) ?? [];
    if (member !== undefined) {
      member.heard = Date.now();
    }
    if (line.kind === "heartbeat") {
      return;
    }
    if (line.kind === "goodbye") {
      member?.sockets.delete(socket);
      // A process that was cut off may say goodbye after its next process has joined from another machine.
      if (key !== undefined && member?.sockets.size === 0) {
        leave(key, "goodbye");
      }
      socket.end();
      return;
    }
    if (line.kind === "message") {
      for (const listener of listeners.get(line.topic) ?? []) {
        listener(line.body);
      }
    } else if (line.kind === "refused") {
      refused(line.reason);
      socket.end();
    } else if (line.domain !== domain) {
      const reason = `domain ${line.domain} is not ${domain}`;
      refused(reason);
      socket.end(encode({ kind: "refused", reason: `domain ${domain} is not ${line.domain}` }));
    } else if (line.registry === registry) {
      const reason = `its local registry has the same account and URL, so both share a cache: ${registry}`;
      refused(reason);
      socket.end(encode({ kind: "refused", reason }));
    } else {
      add(line.member, socket);
    }
  };

  const greet = (socket: Socket, refused: (reason: string) => void): void => {
    let heard = Date.now();
    const heartbeat = setInterval(() => {
      if (Date.now() - heard > silence * 1000) {
        socket.destroy();
      } else if (socket.writable) {
        socket.write(encode({ kind: "heartbeat" }));
      }
    }, heartbeatEvery);
    sockets.add(socket);
    socket.once("close", () => {
      clearInterval(heartbeat);
      sockets.delete(socket);
    });
    readLines(socket, (text) => {
      heard = Date.now();
      receive(JSON.parse(text) as Line, socket, refused);
    });
    socket.write(encode({ kind: "hello", domain, member: local, registry }));
  };

  const dial = (member: MemberAddress): void => {
    const key = keyOf(member);
    const fail = (reason: string): void => {
      if (problems.get(key) !== reason) {
        log.warn(`Member ${key} not joined: ${reason}`);
      }
      problems.set(key, reason);
    };
    const socket = connect({ ...member, lookup, timeout: greetingMilliseconds });
    socket.once("connect", () => greet(socket, fail));
    socket.once("timeout", () => {
      if (!joined.get(key)?.sockets.has(socket)) {
        fail(`no greeting within ${greetingMilliseconds} ms`);
        socket.destroy();
      }
    });
    socket.on("error", (error) => fail(describe(error)));
    socket.once("close", () => {
      sockets.delete(socket);
      if (!closed) {
        const timer = setTimeout(() => {
          timers.delete(timer);
          dial(member);
        }, retryMilliseconds);
        timers.add(timer);
      }
    });
    sockets.add(socket);
  };

  const server: Server = createServer((socket) => {
    socket.on("error", () => undefined);
    greet(socket, (reason) => log.warn(`Member at ${socket.remoteAddress} refused: ${reason}`));
  });
  await bind(server, {
    purpose: "clustering (localMemberHost, localMemberPort)",
    port: local.port,
    address: await resolveHost(lookup, local.host),
  });
  for (const member of members) {
    dial(member);
  }
  return {
    members: () =>
      [...joined.keys()].map((key) => ({ host: key.replace(/:\d+$/, ""), port: Number(key.replace(/^.*:/, "")) })),
    problem: (member) => problems.get(keyOf(member)) ?? "has not joined",
    send: (message) => {
      for (const { sockets: connections } of joined.values()) {
        // The newest connection: an older one may belong to a process of the member that was killed.
        [...connections].at(-1)?.write(encode({ kind: "message", ...message }));
      }
    },
    subscribe: (topic, listener) => {
      listeners.set(topic, [...(listeners.get(topic) ?? []), listener]);
    },
    onJoin: (listener) => {
      joinListeners.push(listener);
    },
    settled: async () => {
      const answers = ({ sockets: own, heard }: Joined): boolean =>
        own.size > 0 && Date.now() - heard <= 2 * heartbeatEvery;
      while (!closed && ![...joined.values()].every(answers)) {
        await new Promise((resolve) => setTimeout(resolve, settledMilliseconds));
      }
    },
    close: async () => {
      closed = true;
      for (const timer of [...timers, ...[...joined.values()].map(({ timer }) => timer)]) {
        clearTimeout(timer);
      }
      server.close();
      const limit = setTimeout(() => {
        for (const socket of sockets) {
          socket.destroy();
        }
      }, goodbyeMilliseconds);
      await Promise.all(
        [...sockets].map((socket) => {
          const gone = new Promise((resolve) => socket.once("close", resolve));
          if (memberAt(socket) === undefined) {
            socket.destroy();
          } else {
            socket.end(encode({ kind: "goodbye" }));
          }
          return gone;
        }),
      );
      clearTimeout(limit);
    },
  };
}

function keyOf({ host, port }: MemberAddress): string {
  return `${host}:${port}`;
}

function encode(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}
