/** Days before expiry from which to warn: a corporate authority can take that long to issue a certificate. */
const warnDays = 30;
const dayMs = 86_400_000;

export interface Expiry {
  /** Whole days from now; negative after expiry. */
  readonly daysLeft: number;
  /** Whether the certificate should be renewed now. */
  readonly endsSoon: boolean;
}

/** @param ends ISO date and time @param now milliseconds since 1970 */
export function expiryOf(ends: string, now = Date.now()): Expiry {
  const daysLeft = Math.floor((Date.parse(ends) - now) / dayMs);
  return { daysLeft, endsSoon: daysLeft < warnDays };
}
