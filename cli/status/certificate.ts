/** Days before its end from which a certificate is worth a warning; so many does a corporate authority take, at worst. */
const warnDays = 30;
const dayMs = 86_400_000;

/** How long the servers' certificate lasts. */
export interface CertificateStatus {
  /** ISO date and time. */
  readonly expires: string;
  /** Whole days from now; negative once it has ended. */
  readonly daysLeft: number;
  /** Whether it is time to renew it. */
  readonly endsSoon: boolean;
}

/** @param expires as the stack's outputs tell it; undefined: the last `up` was of a version that did not */
export function certificateStatus(expires: string | undefined, now = Date.now()): CertificateStatus | undefined {
  if (expires === undefined) return undefined;
  const daysLeft = Math.floor((Date.parse(expires) - now) / dayMs);
  return { expires, daysLeft, endsSoon: daysLeft < warnDays };
}

/** One line for a person. */
export function describeCertificate({ expires, daysLeft, endsSoon }: CertificateStatus): string {
  const day = expires.slice(0, 10);
  if (!endsSoon) return `certificate: good until ${day} (${daysLeft} days)`;
  const when =
    daysLeft < 0 ? `ended on ${day}` : `ends on ${day}, ${daysLeft === 1 ? "in 1 day" : `in ${daysLeft} days`}`;
  return `certificate: it ${when}; renew it (README, "Certificates")`;
}
