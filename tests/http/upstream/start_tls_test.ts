import assert from "node:assert/strict";
import { createServer } from "node:tls";
import type { FailureKind } from "../../../lib/base/failures.ts";
import type { TlsTrust } from "../../../lib/http/upstream/upstream_server.ts";
import {
  makeAuthority,
  makeCertificate,
  type TestCertificate,
} from "../../support/certificates.ts";
import { findFreePort } from "../../support/free_port.ts";
import { testWithPrograms } from "../../support/installed.ts";
import { startProcess } from "../../support/process.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { startTlsUpstream, takeFirstBytes } from "../../support/tls_upstream.ts";
import {
  failureOf,
  makeClient,
  makeRequest,
  readText,
  serverAt,
} from "../../support/upstream_requests.ts";

const DAY_MS = 86_400_000;

/** Sends one GET and says what became of it. */
async function attempt(
  certificate: Pick<TestCertificate, "certPem" | "keyPem">,
  trust: TlsTrust,
  serverName?: string,
): Promise<{ outcome: FailureKind | "answered"; message: string; requests: number }> {
  await using upstream = startTlsUpstream(certificate);
  using client = makeClient();
  const server = serverAt(upstream.address, { trust, serverName });
  try {
    const text = await readText(await client.send(server, makeRequest()));
    assert.equal(text, "hello");
    return { outcome: "answered", message: "", requests: upstream.requests };
  } catch (error) {
    const { kind, message } = await failureOf(Promise.reject(error));
    assert.equal(client.openConnections, 0);
    return { outcome: kind, message, requests: upstream.requests };
  }
}

const authority = await makeAuthority();
const other = await makeAuthority("Another authority");
const names = ["app.test", "127.0.0.1"];
const signed = await makeCertificate({ names, ca: authority });
const selfSigned = await makeCertificate({ names });
const selfSignedCa = await makeCertificate({ names, isCa: true });
const expired = await makeCertificate({
  names,
  ca: authority,
  notBefore: new Date(Date.now() - 10 * DAY_MS),
  notAfter: new Date(Date.now() - DAY_MS),
});
const wildcard = await makeCertificate({ names: ["*.app.test"], ca: authority });

const ca = (certificate: TestCertificate): TlsTrust => ({ kind: "ca", pem: certificate.certPem });
const pin = (certificate: TestCertificate): TlsTrust => ({
  kind: "fingerprint",
  sha256: certificate.fingerprint,
});
const roots: TlsTrust = { kind: "roots" };
const nothing: TlsTrust = { kind: "nothing" };

const CASES: [what: string, TestCertificate, TlsTrust, serverName: string | undefined, RegExp?][] =
  [
    ["own authority", signed, ca(authority), undefined],
    [
      "own authority, among others",
      signed,
      { kind: "ca", pem: other.certPem + authority.certPem },
      undefined,
    ],
    ["own authority, IP address", signed, ca(authority), "127.0.0.1"],
    ["own authority, wildcard", wildcard, ca(authority), "a.app.test"],
    ["own authority, other name", signed, ca(authority), "other.test", /server_name/],
    ["own authority, other IP address", signed, ca(authority), "127.0.0.2", /server_name/],
    ["own authority, expired", expired, ca(authority), undefined, /renew/],
    ["another authority", signed, ca(other), undefined, /upstream_tls\.ca/],
    ["self-signed as its own authority", selfSigned, ca(selfSigned), undefined],
    ["self-signed CA:TRUE as its own authority", selfSignedCa, ca(selfSignedCa), undefined],
    [
      "self-signed CA:TRUE, other name",
      selfSignedCa,
      ca(selfSignedCa),
      "other.test",
      /server_name/,
    ],
    ["self-signed CA:TRUE for another", selfSignedCa, ca(selfSigned), undefined, /fingerprint/],
    ["public roots, self-signed CA:TRUE", selfSignedCa, roots, undefined, /upstream_tls\.ca/],
    ["self-signed for another", selfSigned, ca(signed), undefined, /fingerprint/],
    ["fingerprint", signed, pin(signed), "other.test"],
    ["fingerprint, expired", expired, pin(expired), undefined],
    ["fingerprint, self-signed", selfSigned, pin(selfSigned), undefined],
    ["other fingerprint", signed, pin(selfSigned), undefined, /upstream_tls\.fingerprint/],
    [
      "fingerprint of the authority",
      signed,
      pin(authority),
      undefined,
      /upstream_tls\.fingerprint/,
    ],
    ["nothing, any name", signed, nothing, "other.test"],
    ["nothing, expired", expired, nothing, undefined],
    ["nothing, self-signed", selfSigned, nothing, undefined],
    ["public roots, own authority", signed, roots, undefined, /upstream_tls\.ca/],
    ["public roots, self-signed", selfSigned, roots, undefined, /upstream_tls\.ca/],
    ["no certificate in the file", signed, { kind: "ca", pem: "" }, undefined, /upstream_tls\.ca/],
    ["text in the file", signed, { kind: "ca", pem: "hello\n" }, undefined, /upstream_tls\.ca/],
  ];

for (const [what, certificate, trust, serverName, hint] of CASES) {
  const verdict = hint === undefined ? "trusted" : "refused with a hint, and no request sent";
  Deno.test(`startTls: ${what}: ${verdict}`, async () => {
    const { outcome, message, requests } = await attempt(certificate, trust, serverName);
    assert.equal(outcome, hint === undefined ? "answered" : "upstream_untrusted", message);
    assert.equal(requests, hint === undefined ? 1 : 0);
    if (hint !== undefined) assert.match(message, hint);
  });
}

testWithPrograms(
  ["openssl"],
  "startTls: a pinned certificate of version 1 is refused",
  async () => {
    using folder = makeTempFolder();
    const cwd = folder.path;
    const run = async (command: string) => {
      const args = command.split(" ");
      const { success } = await new Deno.Command("openssl", { args, cwd, stderr: "null" }).output();
      assert.ok(success, command);
    };
    folder.write("key.pem", signed.keyPem);
    await run("req -new -key key.pem -subj /CN=app.test -out csr.pem");
    await run("x509 -req -in csr.pem -signkey key.pem -out cert.pem");
    await run("x509 -in cert.pem -outform DER -out cert.der");
    const digest = await crypto.subtle.digest("SHA-256", Deno.readFileSync(`${cwd}/cert.der`));
    const sha256 = new Uint8Array(digest).toHex();
    const port = findFreePort();
    const args = `s_server -accept 127.0.0.1:${port} -cert cert.pem -key key.pem -quiet`.split(" ");
    await using _server = await startProcess("openssl", args, { cwd, readyPort: port });
    using client = makeClient();
    const server = serverAt({ kind: "tcp", hostname: "127.0.0.1", port }, {
      trust: { kind: "fingerprint", sha256 },
    });
    const failure = await failureOf(client.send(server, makeRequest()));
    assert.equal(failure.kind, "upstream_untrusted");
    assert.match(failure.message, /version 3/);
  },
);

/**
 * Changes the last byte of a ServerKeyExchange, which is part of the signature (RFC 8422 §5.4).
 *
 * @returns Whether the flight held one: records of 5 + n bytes, each with messages of 4 + n bytes.
 */
function spoilSignature(flight: Uint8Array): boolean {
  const SERVER_KEY_EXCHANGE = 12;
  for (let record = 0; record + 5 < flight.length;) {
    const recordEnd = record + 5 + (flight[record + 3] << 8 | flight[record + 4]);
    if (recordEnd > flight.length) return false;
    for (let message = record + 5; message < recordEnd;) {
      const length = flight[message + 1] << 16 | flight[message + 2] << 8 | flight[message + 3];
      if (flight[message] === SERVER_KEY_EXCHANGE) {
        flight[message + 4 + length - 1] ^= 1;
        return true;
      }
      message += 4 + length;
    }
    record = recordEnd;
  }
  return false;
}

for (
  const [what, trust] of [["fingerprint", pin(signed)], ["own authority", ca(authority)]] as const
) {
  Deno.test(`startTls: the certificate counts only with a signature of its key (${what})`, async () => {
    const upstream = createServer({
      cert: signed.certPem,
      key: signed.keyPem,
      maxVersion: "TLSv1.2",
    });
    upstream.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    const { port } = upstream.address() as { port: number };
    using client = makeClient();
    const reply = new Uint8Array(1_000);
    let replied = 0;
    await takeFirstBytes(async (connection, hello) => {
      using behind = await Deno.connect({ hostname: "127.0.0.1", port });
      await behind.write(hello);
      let flight = new Uint8Array(0);
      while (!spoilSignature(flight)) {
        const bytes = new Uint8Array(16_384);
        const count = await behind.read(bytes) ?? assert.fail("closed");
        flight = new Uint8Array([...flight, ...bytes.subarray(0, count)]);
      }
      await connection.write(flight);
      replied = await connection.read(reply) ?? 0;
    }, async (port) => {
      const server = serverAt({ kind: "tcp", hostname: "127.0.0.1", port }, { trust });
      assert.equal((await failureOf(client.send(server, makeRequest()))).kind, "upstream_tls");
    });
    const ALERT = 21;
    assert.ok(replied === 0 || reply[0] === ALERT, "the client does not go on with the handshake");
    await new Promise((resolve) => upstream.close(resolve));
  });
}

Deno.test("startTls: public roots do not count beside an own authority", async () => {
  await using upstream = startTlsUpstream(signed);
  using folder = makeTempFolder();
  // DENO_CERT adds a root to the public ones, for a process that starts with it.
  const roots = folder.write("roots.pem", authority.certPem);
  const url = (path: string) => new URL(path, import.meta.url).href;
  const code = `
    import { failureOf, makeClient, makeRequest, serverAt } from "${
    url("../../support/upstream_requests.ts")
  }";
    const address = ${JSON.stringify(upstream.address)};
    using client = makeClient();
    const send = (trust) => client.send(serverAt(address, { trust }), makeRequest());
    const status = (await send({ kind: "roots" })).status;
    const failure = await failureOf(send({ kind: "ca", pem: ${JSON.stringify(other.certPem)} }));
    console.log(status, failure.kind);
  `;
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  const output = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "--allow-net",
      "--config",
      config,
      folder.write("main.ts", code),
    ],
    env: { DENO_CERT: roots, NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(output.stdout) + new TextDecoder().decode(output.stderr);
  assert.equal(text.trim(), "200 upstream_untrusted");
});
