import assert from "node:assert/strict";
import { certificateCovers, parseCertificate, pemBlocks } from "../../lib/tls/certificate.ts";
import { makeAuthority, makeCertificate } from "../support/certificates.ts";

Deno.test("parseCertificate reads names, dates, issuer and serial of a chain's leaf", async () => {
  const ca = await makeAuthority();
  const notBefore = new Date("2026-01-02T03:04:05Z");
  const notAfter = new Date("2031-02-03T04:05:06Z");
  const leaf = await makeCertificate({
    names: ["App.example.org", "*.example.org", "192.0.2.1"],
    ca,
    notBefore,
    notAfter,
  });
  const noise = "Some text before\n";
  const chain = `${noise}${leaf.certPem}${noise}${ca.certPem}`.replaceAll("\n", "\r\n");
  const result = parseCertificate(chain, leaf.keyPem);
  assert.ok(result.kind === "certificate");
  const { certificate } = result;
  assert.deepEqual(certificate.names, ["app.example.org", "*.example.org"]);
  assert.equal(certificate.notBeforeAt, notBefore.getTime());
  assert.equal(certificate.notAfterAt, notAfter.getTime());
  assert.equal(certificate.issuer, "CN=Test authority");
  assert.match(certificate.serial, /^[0-9A-F]+$/);
  assert.equal(pemBlocks(certificate.certPem, "CERTIFICATE").length, 2);
  assert.ok(!certificate.certPem.includes("Some text"));
});

Deno.test("parseCertificate takes an expired certificate", async () => {
  const notAfter = new Date(Date.now() - 1_000);
  const { certPem, keyPem } = await makeCertificate({ names: ["a.example"], notAfter });
  assert.equal(parseCertificate(certPem, keyPem).kind, "certificate");
});

Deno.test("parseCertificate refuses what cannot be served, and says why", async () => {
  const [one, other] = await Promise.all(
    ["a.example", "b.example"].map((name) => makeCertificate({ names: [name] })),
  );
  const broken = one.certPem.replace(/(?<=-----\n.{10}).{20}/, "A".repeat(20));
  const cases: [name: string, cert: string, key: string, problem: RegExp][] = [
    ["empty", "", "", /there is no certificate/],
    ["a key only", one.keyPem, one.keyPem, /there is no certificate/],
    ["no key", one.certPem, "", /there is no private key/],
    ["a certificate as key", one.certPem, one.certPem, /there is no private key/],
    ["an encrypted key", one.certPem, ENCRYPTED_KEY, /encrypted with a passphrase/],
    ["the key of another", one.certPem, other.keyPem, /key cannot be used with the certificate/],
    ["a broken key", one.certPem, one.keyPem.replace(/M.{30}/, ""), /key cannot be used/],
    ["a cut certificate", one.certPem.replace(/\n.{64}\n/, "\n"), one.keyPem, /cannot be read/],
    ["a broken certificate", broken, one.keyPem, /cannot be (read|used)/],
    ["a broken chain", one.certPem + broken, one.keyPem, /cannot be (read|used)/],
  ];
  for (const [name, cert, key, expected] of cases) {
    const result = parseCertificate(cert, key);
    assert.ok(result.kind === "problem", name);
    assert.match(result.problem, expected, name);
    assert.ok(!result.problem.includes("-----"), `${name}: no key material in the message`);
  }
});

const ENCRYPTED_KEY = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n" +
  "-----END ENCRYPTED PRIVATE KEY-----\n";

const SEED = 20_261_121;
Deno.test(`parseCertificate turns any damage into a value (seed ${SEED})`, async () => {
  const { certPem, keyPem } = await makeCertificate({ names: ["a.example"] });
  let state = SEED;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
  for (let round = 0; round < 300; round++) {
    const texts = [certPem, keyPem];
    const which = random(2);
    const at = random(texts[which].length);
    const cut = random(3);
    texts[which] = texts[which].slice(0, at) + String.fromCharCode(random(128)) +
      texts[which].slice(at + cut);
    const result = parseCertificate(texts[0], texts[1]);
    assert.ok(result.kind === "certificate" || result.problem !== "", `round ${round}`);
  }
});

Deno.test("pemBlocks finds nothing twice and does not join blocks", () => {
  const block = (label: string) => `-----BEGIN ${label}-----\nAA==\n-----END ${label}-----\n`;
  const text = block("CERTIFICATE") + block("EC PRIVATE KEY") + "x" + block("CERTIFICATE");
  assert.deepEqual(pemBlocks(text, "CERTIFICATE"), [block("CERTIFICATE"), block("CERTIFICATE")]);
  assert.deepEqual(pemBlocks(text, "PRIVATE KEY"), [block("EC PRIVATE KEY")]);
  assert.deepEqual(pemBlocks("-----BEGIN CERTIFICATE-----\nAA==\n", "CERTIFICATE"), []);
});

Deno.test("certificateCovers knows exact names and first-label wildcards", async () => {
  const { certPem, keyPem } = await makeCertificate({ names: ["a.example", "*.b.example"] });
  const result = parseCertificate(certPem, keyPem);
  assert.ok(result.kind === "certificate");
  const covers = (hostname: string) => certificateCovers(result.certificate, hostname);
  assert.deepEqual(
    ["a.example", "x.b.example", "b.example", "x.y.b.example", "c.example"].map(covers),
    [true, true, false, false, false],
  );
});
