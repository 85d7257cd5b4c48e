import { setTimeout as sleep } from "node:timers/promises";
import { probe } from "../../../cli/verify/httpProbe";
import { type Role, roles } from "../../../product/roles";
import { managementAccess, type Topology } from "../../../topology";

interface Answer {
  readonly role: Role;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly ok: boolean;
}

/** Milliseconds between two questions, and for one answer. */
const [every, limit] = [300, 2000];

/** Asks one server of each role again and again, as clients do: by the role's host name, through the load balancer. */
export class Watch {
  private readonly answers: Answer[] = [];
  private readonly asking: Promise<unknown>;
  private ended = false;

  constructor(
    private readonly topology: Topology,
    private readonly ca: string,
  ) {
    this.asking = Promise.all(roles.map((role) => this.watch(role)));
  }

  private async watch(role: Role): Promise<void> {
    while (!this.ended) {
      const started = Date.now();
      // Not awaited: while one question waits for its answer, the next ones are asked.
      void this.ask(role).then((ok) => this.answers.push({ role, started, ok }));
      await sleep(every);
    }
  }

  private async ask(role: Role): Promise<boolean> {
    const node = this.topology.nodes.find((each) => each.role === role);
    if (node === undefined) return false;
    const request = { ...managementAccess(this.topology, node), host: node.hostName, ca: this.ca, timeout: limit };
    return probe({ ...request, path: "/standin/health?links=none" }).then(
      ({ status }) => status === 200,
      () => false,
    );
  }

  /** Whether each role has answered all questions of the last seconds. */
  allAnswer(seconds = 3): boolean {
    const since = Date.now() - seconds * 1000;
    const recent = this.answers.filter(({ started }) => started >= since);
    return roles.every((role) => {
      const own = recent.filter((answer) => answer.role === role);
      return own.length > 0 && own.every(({ ok }) => ok);
    });
  }

  async stop(): Promise<void> {
    this.ended = true;
    await this.asking;
    await sleep(limit);
  }

  /** Seconds until a role answered every question again; 0 if it always answered. @param since milliseconds since the epoch */
  secondsUntilBack(role: Role, since: number): number {
    const own = this.answers.filter((answer) => answer.role === role).sort((a, b) => a.started - b.started);
    const failed = own.filter(({ ok, started }) => !ok && started >= since).at(-1);
    if (failed === undefined) return 0;
    const back = own[own.indexOf(failed) + 1];
    return back === undefined ? Number.POSITIVE_INFINITY : (back.started - since) / 1000;
  }

  /** How many of the questions to a role since a time failed, and how many there were. */
  failedSince(role: Role, since: number): string {
    const own = this.answers.filter((answer) => answer.role === role && answer.started >= since);
    return `${own.filter(({ ok }) => !ok).length} of ${own.length} questions failed`;
  }
}
