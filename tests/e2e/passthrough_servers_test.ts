import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { apacheTls, makeTlsFiles, nginxTls } from "../support/tls_files.ts";
import { buildClientHello } from "../support/client_hello_builder.ts";
import { curl } from "../support/curl.ts";
import { findFreePort } from "../support/free_port.ts";
import { opensslConnect } from "../support/openssl_client.ts";
import { openTcp } from "../support/raw_client.ts";
import { passTo, startWithRoutes } from "../support/routes.ts";
import { startApache } from "../support/apache.ts";
import { startBrokenUpstream } from "../support/broken_upstream.ts";
import { startChoppingProxy } from "../support/chopping_proxy.ts";
import { startHaproxy } from "../support/haproxy.ts";
import { startNginx } from "../support/nginx.ts";
import { testWithPrograms } from "../support/installed.ts";

const HELLO = buildClientHello({ serverName: "a.test" });

/** RFC 8446 §6: alert record of version 1.2, fatal, internal_error. */
const INTERNAL_ERROR = 80;

testWithPrograms(["nginx", "curl"], "passthrough: nginx is told the client by v2", async () => {
  using files = await makeTlsFiles(["a.test"]);
  await using site = await startNginx({
    http: ({ ports }) =>
      `server { listen 127.0.0.1:${ports[0]} ssl proxy_protocol; ${nginxTls(files)} return 204; }`,
  });
  const upstream = `127.0.0.1:${site.ports[0]}`;
  await using postern = await startWithRoutes([passTo("a.test", upstream, {
    proxy_protocol: "v2",
  })]);
  await curl("https://a.test/two", {
    to: postern.https[0],
    caFile: files.caFile,
    args: ["--interface", "127.0.0.9"],
  });
  strictEqual((await site.waitForAccess(/client=(\S+) .*"GET \/two /))[1], "127.0.0.9");
});

testWithPrograms(["apache2", "curl"], "passthrough: Apache is told the client by v1", async () => {
  using files = await makeTlsFiles(["a.test"]);
  await using site = await startApache({
    configuration: ({ ports }) =>
      `<VirtualHost 127.0.0.1:${ports[0]}>\nServerName a.test\n${apacheTls(files)}\n` +
      `RemoteIPProxyProtocol On\n</VirtualHost>`,
  });
  const upstream = `127.0.0.1:${site.ports[0]}`;
  await using postern = await startWithRoutes([passTo("a.test", upstream, {
    proxy_protocol: "v1",
  })]);
  const seen = await curl("https://a.test/", {
    to: postern.https[0],
    caFile: files.caFile,
    args: ["--interface", "127.0.0.8"],
  });
  strictEqual(seen.body, "apache\n", seen.error);
  strictEqual((await site.waitForAccess(/client=(\S+) .*"GET \/ /))[1], "127.0.0.8");
});

testWithPrograms(["haproxy", "curl"], "passthrough: HAProxy is told the client by v1", async () => {
  using files = await makeTlsFiles(["a.test"]);
  const pem = `${files.certFile}.pem`;
  Deno.writeTextFileSync(pem, files.certificate.certPem + files.certificate.keyPem);
  await using site = await startHaproxy({
    sections: ({ ports }) =>
      `frontend public
         bind 127.0.0.1:${ports[0]} accept-proxy ssl crt ${pem}
         http-request return status 200 content-type text/plain string haproxy`,
  });
  const upstream = `127.0.0.1:${site.ports[0]}`;
  await using postern = await startWithRoutes([passTo("a.test", upstream, {
    proxy_protocol: "v1",
  })]);
  const seen = await curl("https://a.test/one", {
    to: postern.https[0],
    caFile: files.caFile,
    args: ["--interface", "127.0.0.7"],
  });
  strictEqual(seen.body, "haproxy", seen.error);
  strictEqual((await site.waitForAccess(/client=([^:]+):\d+ .*"GET \/one /))[1], "127.0.0.7");
});

testWithPrograms(
  ["nginx", "curl"],
  "passthrough: one server of a route gets a PROXY header and another none",
  async () => {
    using files = await makeTlsFiles(["a.test"]);
    await using sites = await startNginx({
      portCount: 2,
      http: ({ ports }) =>
        `server { listen 127.0.0.1:${ports[0]} ssl proxy_protocol; ${nginxTls(files)} return 204; }
         server { listen 127.0.0.1:${ports[1]} ssl; ${nginxTls(files)} return 204; }`,
    });
    const [first, second] = sites.ports.map((port) => `127.0.0.1:${port}`);
    await using postern = await startWithRoutes([{
      hosts: ["a.test"],
      mode: "passthrough",
      upstreams: [{ url: first, proxy_protocol: "v2" }, second],
      http: "off",
    }]);
    const seen = [];
    for (let request = 0; request < 4; request++) {
      const answer = await curl("https://a.test/", {
        to: postern.https[0],
        caFile: files.caFile,
      });
      seen.push(answer.status);
    }
    deepStrictEqual(seen, [204, 204, 204, 204]);
    await sites.waitForAccess(/client=127\.0\.0\.1 /);
    await sites.waitForAccess(/client=- /);
  },
);

testWithPrograms(["nginx", "curl"], "passthrough: a server may be a Unix socket", async () => {
  using files = await makeTlsFiles(["a.test"]);
  await using site = await startNginx({
    portCount: 0,
    http: ({ folder }) =>
      `server { listen unix:${folder}/s ssl proxy_protocol; ${nginxTls(files)} return 204; }`,
  });
  await using postern = await startWithRoutes([
    passTo("a.test", `unix:${site.place.folder}/s`, { proxy_protocol: "v2" }),
  ]);
  const seen = await curl("https://a.test/", { to: postern.https[0], caFile: files.caFile });
  strictEqual(seen.status, 204, seen.error);
  await site.waitForAccess(/client=127\.0\.0\.1 /);
});

testWithPrograms(
  ["nginx", "curl"],
  "passthrough: the next server is used while the first is down",
  async () => {
    using files = await makeTlsFiles(["a.test"]);
    await using site = await startNginx({
      http: ({ ports }) =>
        `server { listen 127.0.0.1:${ports[0]} ssl; ${nginxTls(files)} return 204; }`,
    });
    await using postern = await startWithRoutes([{
      hosts: ["a.test"],
      mode: "passthrough",
      upstreams: [`127.0.0.1:${findFreePort()}`, `127.0.0.1:${site.ports[0]}`],
      http: "off",
    }]);
    for (let request = 0; request < 4; request++) {
      const seen = await curl("https://a.test/", { to: postern.https[0], caFile: files.caFile });
      strictEqual(seen.status, 204, seen.error);
    }
  },
);

testWithPrograms(
  ["openssl"],
  "passthrough: the client gets an alert at once while all servers are down",
  async () => {
    await using postern = await startWithRoutes([{
      hosts: ["a.test"],
      mode: "passthrough",
      upstreams: [`127.0.0.1:${findFreePort()}`, `127.0.0.1:${findFreePort()}`],
      http: "off",
      // Longer than the client would wait.
      timeouts: { connect: "1m" },
    }]);
    const seen = await opensslConnect(postern.https[0], { serverName: "a.test" });
    strictEqual(seen.alert, INTERNAL_ERROR, seen.output);
  },
);

testWithPrograms(
  ["nginx", "curl"],
  "passthrough: a hello in segments of one byte is one hello",
  async () => {
    using files = await makeTlsFiles(["a.test"]);
    await using site = await startNginx({
      http: ({ ports }) =>
        `server { listen 127.0.0.1:${ports[0]} ssl; ${nginxTls(files)} return 204; }`,
    });
    await using postern = await startWithRoutes([passTo("a.test", `127.0.0.1:${site.ports[0]}`)]);
    await using chopper = startChoppingProxy(postern.https[0], 2_000);
    const seen = await curl("https://a.test/", { to: chopper.address, caFile: files.caFile });
    strictEqual(seen.status, 204, seen.error);
  },
);

Deno.test("passthrough: an answer arrives whole after the client has ended its side", async () => {
  await using upstream = startBrokenUpstream(async (peer) => {
    await peer.untilGone();
    await peer.write("a".repeat(200_000) + "last");
  });
  await using postern = await startWithRoutes([
    passTo("a.test", `127.0.0.1:${upstream.address.port}`),
  ]);
  using client = await openTcp(postern.https[0]);
  await client.write(HELLO);
  await client.end();
  const { how, text } = await client.readToEnd();
  strictEqual(how, "end");
  strictEqual(text.length, 200_004);
  strictEqual(text.endsWith("last"), true);
});

Deno.test("passthrough: the server's end reaches the client, who can still send", async () => {
  const received = Promise.withResolvers<string>();
  await using upstream = startBrokenUpstream(async (peer) => {
    await peer.read();
    await peer.write("early");
    await peer.end();
    let text = "";
    for (let bytes = await peer.read(); bytes !== undefined; bytes = await peer.read()) {
      text += new TextDecoder().decode(bytes);
    }
    received.resolve(text);
  });
  await using postern = await startWithRoutes([
    passTo("a.test", `127.0.0.1:${upstream.address.port}`),
  ]);
  using client = await openTcp(postern.https[0]);
  await client.write(HELLO);
  strictEqual((await client.readToEnd()).text, "early");
  await client.write("late");
  await client.end();
  strictEqual(await received.promise, "late");
});
