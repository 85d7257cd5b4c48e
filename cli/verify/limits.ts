/** Seconds to wait at most for what the product does in its own time. */
export interface Limits {
  /** Until a published API is in the Store's list. */
  readonly listing: number;
  /** Until a gateway serves it. */
  readonly deployment: number;
  /** Until a revoked token is refused. */
  readonly revocation: number;
}

/** The product indexes APIs a minute after the Store's start, and writes a gateway's files in its own time. */
export const productLimits: Limits = { listing: 150, deployment: 60, revocation: 15 };
/** The stand-in does all that at once. */
export const standinLimits: Limits = { listing: 8, deployment: 5, revocation: 5 };
