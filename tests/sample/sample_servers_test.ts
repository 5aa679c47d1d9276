import { match, rejects, strictEqual } from "node:assert/strict";
import { openSampleServers, type SampleServers } from "../../lib/sample/sample_servers.ts";
import { makeCertificate } from "../support/certificates.ts";

const certificate = await makeCertificate({ names: ["sample.localhost"] });

async function withServers(run: (servers: SampleServers) => Promise<void>): Promise<void> {
  const servers = openSampleServers(certificate);
  try {
    await run(servers);
  } finally {
    await servers.close();
  }
}

Deno.test("openSampleServers: plain HTTP tells what it was told about the client", () =>
  withServers(async ({ http }) => {
    const answer = await fetch(`http://127.0.0.1:${http.port}/a?b=c`, {
      headers: { "x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https", via: "1.1 here" },
    });
    strictEqual(answer.headers.get("content-type"), "text/plain; charset=utf-8");
    const text = await answer.text();
    match(text, /^Postern sample upstream: plain HTTP, behind an offloaded route\n/);
    match(text, /^ {2}asked for {9}GET http:\/\/127\.0\.0\.1:\d+\/a\?b=c$/m);
    match(text, /^ {2}connected from {4}127\.0\.0\.1$/m);
    match(text, /^ {2}x-forwarded-for {3}192\.0\.2\.7$/m);
    match(text, /^ {2}x-forwarded-proto {1}https$/m);
    match(text, /^ {2}via {15}1\.1 here$/m);
    strictEqual(text.includes("x-forwarded-host"), false);
  }));

Deno.test("openSampleServers: TLS has the certificate it was given", () =>
  withServers(async ({ tls }) => {
    const tcp = await Deno.connect({ hostname: "127.0.0.1", port: tls.port });
    using connection = await Deno.startTls(tcp, {
      hostname: "sample.localhost",
      caCerts: [certificate.certPem],
    });
    await connection.write(new TextEncoder().encode("GET / HTTP/1.0\r\nhost: a\r\n\r\n"));
    const text = await new Response(connection.readable).text();
    match(text, /Postern sample upstream: TLS with a certificate of its own/);
  }));

Deno.test("openSampleServers: can be reached from this host only", () =>
  withServers(async ({ http, tls }) => {
    strictEqual(http.hostname, "127.0.0.1");
    strictEqual(tls.hostname, "127.0.0.1");
    await rejects(Deno.connect({ hostname: "127.0.0.2", port: http.port }));
  }));

Deno.test("openSampleServers: close frees the ports", async () => {
  const servers = openSampleServers(certificate);
  await servers.close();
  for (const { port } of [servers.http, servers.tls]) {
    await rejects(Deno.connect({ hostname: "127.0.0.1", port }), Deno.errors.ConnectionRefused);
  }
});
