/** As long as the product's caches keep an answer. */
const milliseconds = 15 * 60 * 1000;
/** More are forgotten, oldest first. */
const size = 10_000;

/** What a server has learnt and need not ask for again. */
export class Cache<Value> {
  private readonly entries = new Map<string, { readonly until: number; readonly value: Value }>();

  get(id: string): Value | undefined {
    const known = this.entries.get(id);
    return known !== undefined && known.until > Date.now() ? known.value : undefined;
  }

  set(id: string, value: Value): void {
    this.entries.set(id, { until: Date.now() + milliseconds, value });
    for (const oldest of this.entries.size > size ? [...this.entries.keys()].slice(0, 1) : []) {
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
