/** Days before its end from which a certificate is worth a warning; so many does a corporate authority take, at worst. */
const warnDays = 30;
const dayMs = 86_400_000;

export interface Expiry {
  /** Whole days from now; negative once it has ended. */
  readonly daysLeft: number;
  /** Whether it is time to renew it. */
  readonly endsSoon: boolean;
}

/** @param ends ISO date and time @param now milliseconds since 1970 */
export function expiryOf(ends: string, now = Date.now()): Expiry {
  const daysLeft = Math.floor((Date.parse(ends) - now) / dayMs);
  return { daysLeft, endsSoon: daysLeft < warnDays };
}
