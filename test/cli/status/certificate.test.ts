import assert from "node:assert/strict";
import { certificateStatus, describeCertificate } from "../../../cli/status/certificate";

const now = Date.parse("2026-01-01T00:10:00Z");

describe("what status says of the certificate", () => {
  const cases: readonly [expires: string, line: string][] = [
    ["2036-01-01T00:00:00.000Z", "certificate: good until 2036-01-01 (3651 days)"],
    ["2026-01-31T00:11:00.000Z", "certificate: good until 2026-01-31 (30 days)"],
    ["2026-01-31T00:09:00.000Z", "certificate: it ends on 2026-01-31, in 29 days; renew it: see docs/certificates.md"],
    ["2026-01-02T12:00:00.000Z", "certificate: it ends on 2026-01-02, in 1 day; renew it: see docs/certificates.md"],
    ["2025-12-31T00:00:00.000Z", "certificate: it ended on 2025-12-31; renew it: see docs/certificates.md"],
  ];
  for (const [expires, line] of cases) {
    it(`of ${expires}: ${line}`, () => {
      const status = certificateStatus(expires, now);
      assert.equal(status && describeCertificate(status), line);
    });
  }

  it("nothing of a stack whose last up told none", () => {
    assert.equal(certificateStatus(undefined), undefined);
  });
});
