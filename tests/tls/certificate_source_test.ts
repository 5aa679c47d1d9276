import assert from "node:assert/strict";
import { parseHostPattern } from "../../lib/base/hostnames.ts";
import type { CertificateConfig } from "../../lib/config/config.ts";
import {
  autoHostnames,
  certificateId,
  certificateSource,
  certificateSources,
} from "../../lib/tls/certificate_source.ts";
import { makeRoute } from "../support/route_configs.ts";

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

Deno.test("certificateSources and autoHostnames list what routes need, host by host", () => {
  const routes = [
    makeRoute("offload", ["a.example", "*.a.example"], { certificate: { kind: "auto" } }),
    makeRoute("passthrough", ["b.example"]),
    makeRoute("redirect", ["c.example"]),
    makeRoute("redirect", ["d.example"], { certificate: { kind: "auto" } }),
  ];
  const ids = certificateSources(routes).map(certificateId);
  assert.deepEqual(ids, [
    "auto/a.example",
    "internal/*.a.example",
    "internal/c.example",
    "auto/d.example",
  ]);
  assert.deepEqual(autoHostnames(routes), ["a.example", "d.example"]);
});
