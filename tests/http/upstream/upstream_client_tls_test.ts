import assert from "node:assert/strict";
import { systemClock } from "../../../lib/base/clock.ts";
import type { FailureKind } from "../../../lib/base/failures.ts";
import type { TlsTrust } from "../../../lib/http/upstream/upstream_server.ts";
import { makeAuthority, makeCertificate } from "../../support/certificates.ts";
import { startNginx } from "../../support/nginx.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { makeTlsFiles, nginxTls } from "../../support/tls_files.ts";
import { startTlsUpstream, takeFirstBytes } from "../../support/tls_upstream.ts";
import {
  failureOf,
  makeBody,
  makeClient,
  makeRequest,
  readText,
  serverAt,
  until,
} from "../../support/upstream_requests.ts";

const authority = await makeAuthority();
const names = ["app.test", "127.0.0.1"];
const signed = await makeCertificate({ names, ca: authority });
const selfSigned = await makeCertificate({ names });

const ownAuthority: TlsTrust = { kind: "ca", pem: authority.certPem };
const pinned: TlsTrust = { kind: "fingerprint", sha256: signed.fingerprint };
const roots: TlsTrust = { kind: "roots" };
const nothing: TlsTrust = { kind: "nothing" };

Deno.test("UpstreamClient over TLS: what was not verified is never reused or resumed where it must be", async () => {
  await using upstream = startTlsUpstream(selfSigned);
  using client = makeClient();
  for (let round = 0; round < 2; round++) {
    const careless = serverAt(upstream.address, { trust: nothing });
    assert.equal(await readText(await client.send(careless, makeRequest())), "hello");
    for (const trust of [ownAuthority, pinned, roots]) {
      const failure = await failureOf(
        client.send(serverAt(upstream.address, { trust }), makeRequest()),
      );
      assert.equal(failure.kind, "upstream_untrusted");
    }
  }
  assert.equal(client.idleConnections, 1);
});

Deno.test("UpstreamClient over TLS: requests for different hosts do not share a verification", async () => {
  await using upstream = startTlsUpstream(signed);
  using client = makeClient();
  const server = serverAt(upstream.address, { trust: ownAuthority });
  assert.equal((await client.send(server, makeRequest())).status, 200);
  const request = makeRequest({ headers: [["Host", "other.test"]] });
  assert.equal((await failureOf(client.send(server, request))).kind, "upstream_untrusted");
  const unusable = makeRequest({ headers: [["Host", "a b"]] });
  assert.equal((await failureOf(client.send(server, unusable))).kind, "client_malformed");
});

for (
  const [what, trust] of [["own authority", ownAuthority], ["fingerprint", pinned]] as const
) {
  Deno.test(`UpstreamClient over TLS: connections are reused, and left when closed (${what})`, async () => {
    await using upstream = startTlsUpstream(signed);
    using client = makeClient();
    const server = serverAt(upstream.address, { trust });
    for (let round = 0; round < 3; round++) {
      assert.equal(await readText(await client.send(server, makeRequest())), "hello");
      assert.equal(client.openConnections, 1);
    }
    upstream.dropAll();
    await until(() => client.openConnections === 0, "the close is noticed");
    assert.equal(await readText(await client.send(server, makeRequest())), "hello");
    assert.equal(client.counters.get("upstream_retries"), 0);
  });
}

const TRUSTS: [string, TlsTrust][] = [["roots", roots], ["ca", ownAuthority], [
  "nothing",
  nothing,
]];

for (const [what, trust] of TRUSTS) {
  Deno.test(`UpstreamClient over TLS: SNI is the configured name, else the host, never an address (${what})`, async () => {
    const cases: [serverName: string | undefined, host: string, expected: string | undefined][] = [
      [undefined, "app.test:8443", "app.test"],
      ["configured.test", "app.test", "configured.test"],
      ["127.0.0.1", "app.test", undefined],
      [undefined, "192.0.2.7", undefined],
      [undefined, "[2001:db8::1]", undefined],
    ];
    for (const [serverName, host, expected] of cases) {
      using client = makeClient();
      let hello = "";
      await takeFirstBytes((_, bytes) => {
        hello = new TextDecoder("latin1").decode(bytes);
        return Promise.resolve();
      }, async (port) => {
        const server = serverAt({ kind: "tcp", hostname: "127.0.0.1", port }, {
          trust,
          serverName,
        });
        const request = makeRequest({ headers: [["Host", host]] });
        assert.equal((await failureOf(client.send(server, request))).kind, "upstream_tls");
      });
      assert.ok(hello.includes("http/1.1"), "ALPN");
      if (expected !== undefined) assert.ok(hello.includes(expected));
      assert.doesNotMatch(hello, /127\.0|192\.0|2001:|app\.test.*configured/s);
    }
  });

  Deno.test(`UpstreamClient over TLS: a server that speaks plain HTTP fails as upstream_tls (${what})`, async () => {
    using client = makeClient();
    await takeFirstBytes(async (connection) => {
      await connection.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
    }, async (port) => {
      const server = serverAt({ kind: "tcp", hostname: "127.0.0.1", port }, { trust });
      assert.equal((await failureOf(client.send(server, makeRequest()))).kind, "upstream_tls");
    });
    assert.equal(client.openConnections, 0);
  });

  Deno.test(`UpstreamClient over TLS: a handshake that hangs ends by time or by the client (${what})`, async () => {
    const cases: [FailureKind, connectMs: number, abortMs: number][] = [
      ["upstream_connect_timeout", 100, 60_000],
      ["client_gone", 60_000, 100],
    ];
    for (const [kind, connectMs, abortMs] of cases) {
      using client = makeClient();
      const abort = new AbortController();
      using _timer = systemClock.after(abortMs, () => abort.abort());
      const { signal } = abort;
      await takeFirstBytes(async (connection) => {
        // Ends only when the client closes its side.
        while (await connection.read(new Uint8Array(1_000)) !== null);
      }, async (port) => {
        const server = serverAt({ kind: "tcp", hostname: "127.0.0.1", port }, { trust, connectMs });
        assert.equal((await failureOf(client.send(server, makeRequest({ signal })))).kind, kind);
      });
    }
  });
}

Deno.test("UpstreamClient over TLS: a server that asks for a certificate is shown the route's own", async () => {
  const clientAuthority = await makeAuthority("Client authority");
  const [known, stranger] = await Promise.all([
    makeCertificate({ names: ["postern.test"], ca: clientAuthority }),
    makeCertificate({ names: ["postern.test"] }),
  ]);
  using files = await makeTlsFiles(["app.test"]);
  using folder = makeTempFolder();
  const clientCa = folder.write("client-ca.pem", clientAuthority.certPem);
  await using nginx = await startNginx({
    http: ({ ports }) =>
      `server { listen 127.0.0.1:${ports[0]} ssl; ${nginxTls(files)}
        ssl_client_certificate ${clientCa}; ssl_verify_client on;
        location / { return 200 "$ssl_client_s_dn"; } }`,
  });
  using client = makeClient();
  const address = { kind: "tcp", hostname: "127.0.0.1", port: nginx.ports[0] } as const;
  const trust: TlsTrust = { kind: "ca", pem: files.authority.certPem };
  const cases = [[known, 200, "CN=postern.test"], [undefined, 400], [stranger, 400]] as const;
  // Twice: the second time there are connections to choose the wrong one from.
  for (let round = 0; round < 2; round++) {
    for (const [clientCertificate, status, text] of cases) {
      const server = serverAt(address, { trust, clientCertificate });
      const answer = await client.send(server, makeRequest());
      assert.equal(answer.status, status);
      const body = await readText(answer);
      if (text !== undefined) assert.equal(body, text);
    }
  }
});

Deno.test("UpstreamClient over TLS: large bodies pass both ways through node:tls", async () => {
  const size = 3_000_000;
  using listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: signed.certPem,
    key: signed.keyPem,
  });
  const serving = (async () => {
    using connection = await listener.accept();
    const buffer = new Uint8Array(65_536);
    let received = -1;
    for (let head = ""; received < size;) {
      const count = await connection.read(buffer) ?? assert.fail("closed");
      if (received >= 0) received += count;
      else head += new TextDecoder("latin1").decode(buffer.subarray(0, count));
      const end = head.indexOf("\r\n\r\n");
      if (received < 0 && end >= 0) received = head.length - end - 4;
    }
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`;
    await connection.write(new TextEncoder().encode(head));
    const data = new Uint8Array(size).fill(0x61);
    for (let at = 0; at < size;) at += await connection.write(data.subarray(at));
    // The client closes without close_notify.
    await assert.rejects(connection.read(buffer), Deno.errors.UnexpectedEof);
  })();
  using client = makeClient();
  const address = {
    kind: "tcp",
    hostname: "127.0.0.1",
    port: (listener.addr as Deno.NetAddr).port,
  } as const;
  const body = makeBody(Array(30).fill(new Uint8Array(size / 30)), { length: size });
  const response = await client.send(
    serverAt(address, { trust: pinned }),
    makeRequest({ method: "POST", body }),
  );
  assert.equal((await readText(response)).length, size);
  client.close();
  await serving;
});
