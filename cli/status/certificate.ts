import { type Expiry, expiryOf } from "../../certificates/expiry";

/** When the servers' certificate expires. */
export interface CertificateStatus extends Expiry {
  /** ISO date and time. */
  readonly expires: string;
}

/** @param expires from the stack's outputs; undefined when an older version of this program made the last `up` */
export function certificateStatus(expires: string | undefined, now = Date.now()): CertificateStatus | undefined {
  return expires === undefined ? undefined : { expires, ...expiryOf(expires, now) };
}

/** The status as one line of text. */
export function describeCertificate({ expires, daysLeft, endsSoon }: CertificateStatus): string {
  const day = expires.slice(0, 10);
  if (!endsSoon) return `certificate: valid until ${day} (${daysLeft} days)`;
  const when =
    daysLeft < 0 ? `expired on ${day}` : `expires on ${day}, ${daysLeft === 1 ? "in 1 day" : `in ${daysLeft} days`}`;
  return `certificate: ${when}; to renew the certificate, see docs/certificates.md`;
}
