/** The lifetime of an entry, as in the product's caches. */
const milliseconds = 15 * 60 * 1000;
/** Entries at most; the oldest is deleted first. */
const size = 10_000;

/** Answers of other servers, kept for a limited time. */
export class Cache<Value> {
  private readonly entries = new Map<string, { readonly until: number; readonly value: Value }>();

  get(id: string): Value | undefined {
    const known = this.entries.get(id);
    return known !== undefined && known.until > Date.now() ? known.value : undefined;
  }

  set(id: string, value: Value): void {
    this.entries.set(id, { until: Date.now() + milliseconds, value });
    const [oldest] = this.entries.keys();
    if (this.entries.size > size && oldest !== undefined) {
      this.entries.delete(oldest);
    }
  }

  forget(which: (value: Value) => boolean): void {
    for (const [id, { value }] of this.entries) {
      if (which(value)) {
        this.entries.delete(id);
      }
    }
  }
}
