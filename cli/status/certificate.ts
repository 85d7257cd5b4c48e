import { type Expiry, expiryOf } from "../../certificates/expiry";

/** How long the servers' certificate lasts. */
export interface CertificateStatus extends Expiry {
  /** ISO date and time. */
  readonly expires: string;
}

/** @param expires as the stack's outputs tell it; undefined: the last `up` was of a version that did not */
export function certificateStatus(expires: string | undefined, now = Date.now()): CertificateStatus | undefined {
  return expires === undefined ? undefined : { expires, ...expiryOf(expires, now) };
}

/** One line for a person. */
export function describeCertificate({ expires, daysLeft, endsSoon }: CertificateStatus): string {
  const day = expires.slice(0, 10);
  if (!endsSoon) return `certificate: good until ${day} (${daysLeft} days)`;
  const when =
    daysLeft < 0 ? `ended on ${day}` : `ends on ${day}, ${daysLeft === 1 ? "in 1 day" : `in ${daysLeft} days`}`;
  return `certificate: it ${when}; renew it: see docs/certificates.md`;
}
