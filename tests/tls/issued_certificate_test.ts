import assert from "node:assert/strict";
import { isStateName } from "../../lib/state/state_name.ts";
import { parseCertificate } from "../../lib/tls/certificate.ts";
import {
  encodeIssuedCertificate,
  issuedCertificateName,
  parseIssuedCertificate,
} from "../../lib/tls/issued_certificate.ts";
import { makeCertificate } from "../support/certificates.ts";

const HOSTNAME = "app.example.org";

async function encodeOne(renewalId: string | undefined) {
  const { certPem, keyPem } = await makeCertificate({ names: [HOSTNAME] });
  const result = parseCertificate(certPem, keyPem);
  assert.ok(result.kind === "certificate");
  const { certificate } = result;
  const value = { certificate, directory: "https://ca.example/dir", renewalId };
  return { value, text: new TextDecoder().decode(encodeIssuedCertificate(value)) };
}

for (const renewalId of ["a.b", undefined]) {
  Deno.test(`IssuedCertificate survives its encoding with the renewal id ${renewalId}`, async () => {
    const { value, text } = await encodeOne(renewalId);
    assert.deepEqual(parseIssuedCertificate(text, HOSTNAME), { kind: "value", value });
  });
}

Deno.test("encodeIssuedCertificate makes a file that servers can read as chain and as key", async () => {
  const { text: pem } = await encodeOne("a.b");
  Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: pem, key: pem }).close();
});

Deno.test("parseIssuedCertificate refuses every file that was cut short", async () => {
  const { text } = await encodeOne("a.b");
  for (let length = 0; length < text.length - 1; length += 7) {
    const parsed = parseIssuedCertificate(text.slice(0, length), HOSTNAME);
    assert.equal(parsed.kind, "problem", `${length} of ${text.length} characters`);
  }
});

Deno.test("parseIssuedCertificate refuses a certificate of another hostname", async () => {
  const { text } = await encodeOne(undefined);
  assert.equal(parseIssuedCertificate(text, "b.example.org").kind, "problem");
});

Deno.test("issuedCertificateName is a name for hostnames of any length", () => {
  assert.equal(issuedCertificateName(HOSTNAME), "certificates/app.example.org.pem");
  assert.ok(isStateName(issuedCertificateName(`${"a.".repeat(126)}b`)));
});
