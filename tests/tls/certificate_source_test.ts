import assert from "node:assert/strict";
import { parseHostPattern } from "../../lib/base/hostnames.ts";
import type { CertificateConfig } from "../../lib/config/config.ts";
import { certificateId, certificateSource } from "../../lib/tls/certificate_source.ts";

Deno.test("certificateSource and certificateId tell certificates apart by what they cover", () => {
  const file: CertificateConfig = { kind: "file", certFile: "/c.pem", keyFile: "/k.pem" };
  const cases: [CertificateConfig, string, string][] = [
    [{ kind: "auto" }, "a.example", "auto/a.example"],
    [{ kind: "auto" }, "*.a.example", "internal/*.a.example"],
    [{ kind: "internal" }, "a.example", "internal/a.example"],
    [{ kind: "internal" }, "*", "internal/*"],
    [file, "a.example", "file//c.pem|/k.pem"],
    [file, "*.b.example", "file//c.pem|/k.pem"],
  ];
  for (const [config, pattern, id] of cases) {
    assert.equal(certificateId(certificateSource(config, parseHostPattern(pattern)!)), id);
  }
});
