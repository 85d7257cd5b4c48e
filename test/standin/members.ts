import type { Cluster } from "../../standin/cluster";

type Member = Pick<Cluster, "send" | "subscribe" | "onJoin" | "settled">;

/** A cluster whose members exchange messages without a network. */
export class Members {
  private readonly all: { topic: string; listener: (body: string) => void; of: number }[] = [];
  private readonly joinListeners: (() => void)[] = [];
  private count = 0;
  /** Resolves when every member answers. */
  lost: Promise<void> = Promise.resolve();

  join(): Member {
    const me = this.count++;
    for (const listener of this.joinListeners) listener();
    return {
      send: ({ topic, body }) => {
        for (const one of this.all) if (one.of !== me && one.topic === topic) one.listener(body);
      },
      subscribe: (topic, listener) => void this.all.push({ topic, listener, of: me }),
      onJoin: (listener) => void this.joinListeners.push(listener),
      settled: async () => this.lost,
    };
  }
}
