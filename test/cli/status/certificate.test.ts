import assert from "node:assert/strict";
import { certificateStatus, describeCertificate } from "../../../cli/status/certificate";

const now = Date.parse("2026-01-01T00:10:00Z");

describe("status: the certificate", () => {
  const cases: readonly [expires: string, line: string][] = [
    ["2036-01-01T00:00:00.000Z", "certificate: valid until 2036-01-01 (3651 days)"],
    ["2026-01-31T00:11:00.000Z", "certificate: valid until 2026-01-31 (30 days)"],
    [
      "2026-01-31T00:09:00.000Z",
      "certificate: expires on 2026-01-31, in 29 days; to renew the certificate, see docs/certificates.md",
    ],
    [
      "2026-01-02T12:00:00.000Z",
      "certificate: expires on 2026-01-02, in 1 day; to renew the certificate, see docs/certificates.md",
    ],
    [
      "2025-12-31T00:00:00.000Z",
      "certificate: expired on 2025-12-31; to renew the certificate, see docs/certificates.md",
    ],
  ];
  for (const [expires, line] of cases) {
    it(`that expires at ${expires} is described as "${line}"`, () => {
      const status = certificateStatus(expires, now);
      assert.equal(status && describeCertificate(status), line);
    });
  }

  it("has no status if the stack's outputs have no expiry date", () => {
    assert.equal(certificateStatus(undefined), undefined);
  });
});
