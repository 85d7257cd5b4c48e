import { NoServer, Refused } from "./answers";

/** What a run has created on the servers and not removed. */
export class Created<What extends string> {
  /** What was requested. If an answer was lost, the server may or may not have created it. */
  private readonly requested: Set<What>;
  private readonly confirmed: Set<What>;

  /** @param known what exists already */
  constructor(known: readonly What[] = []) {
    this.requested = new Set(known);
    this.confirmed = new Set(known);
  }

  has(what: What): boolean {
    return this.requested.has(what);
  }

  async create(what: What, request: () => Promise<void>): Promise<void> {
    this.requested.add(what);
    await request();
    this.confirmed.add(what);
  }

  /** What the server did not confirm may not exist; then a refusal to remove it is not a failure. */
  async remove(what: What, request: () => Promise<void>): Promise<void> {
    try {
      await request();
    } catch (error) {
      if (this.confirmed.has(what) || !(error instanceof Refused) || error instanceof NoServer) throw error;
    }
    this.requested.delete(what);
  }
}
