import { match, rejects, strictEqual } from "node:assert/strict";
import { startApache } from "./apache.ts";
import { startHaproxy } from "./haproxy.ts";
import { testWithPrograms } from "./installed.ts";
import { startNginx } from "./nginx.ts";

const PROXY_V1 = "PROXY TCP4 198.51.100.7 192.0.2.1 4711 443\r\n";

/** Sends bytes and returns everything the server answers until it closes. */
async function exchange(port: number, text: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(text));
  return await new Response(connection.readable).text();
}

const request = (path: string) => `GET ${path} HTTP/1.0\r\nHost: app.example.org\r\n\r\n`;

testWithPrograms(["nginx"], "startNginx: logs the client of a PROXY header", async () => {
  await using nginx = await startNginx({
    portCount: 2,
    http: ({ ports }) =>
      `server { listen 127.0.0.1:${ports[0]} proxy_protocol; return 200 "nginx\\n"; }
       server { listen 127.0.0.1:${ports[1]}; return 204; }`,
  });
  match(await exchange(nginx.ports[0], PROXY_V1 + request("/one")), /200 OK[^]*nginx\n$/);
  const line = await nginx.waitForAccess(/client=(\S+) .*"GET \/one /);
  strictEqual(line[1], "198.51.100.7");
  match(await exchange(nginx.ports[1], request("/two")), /204/);
  await nginx.waitForAccess(/client=- peer=127\.0\.0\.1 .*status=204/);
  strictEqual(nginx.accesses.length, 2);
});

testWithPrograms(["nginx"], "startNginx: serves streams and logs their client", async () => {
  await using nginx = await startNginx({
    stream: ({ ports }) =>
      `server { listen 127.0.0.1:${ports[0]} proxy_protocol; return "stream\\n"; }`,
  });
  strictEqual(await exchange(nginx.ports[0], PROXY_V1), "stream\n");
  await nginx.waitForAccess(/stream client=198\.51\.100\.7 /);
});

testWithPrograms(
  ["nginx"],
  "startNginx: shows nginx's own words if it does not start",
  async () => {
    await rejects(startNginx({ http: () => "server { lisen 1; }" }), /unknown directive "lisen"/);
  },
);

testWithPrograms(["apache2"], "startApache: logs the client of a PROXY header", async () => {
  await using apache = await startApache({
    configuration: ({ ports }) =>
      `<VirtualHost 127.0.0.1:${ports[0]}>
         RemoteIPProxyProtocol On
       </VirtualHost>`,
  });
  match(await exchange(apache.ports[0], PROXY_V1 + request("/")), /200 OK[^]*apache\n$/);
  const line = await apache.waitForAccess(/client=(\S+) peer=(\S+) .*host=app.example.org/);
  strictEqual(line[1], "198.51.100.7");
});

testWithPrograms(["haproxy"], "startHaproxy: logs the client of a PROXY header", async () => {
  await using haproxy = await startHaproxy({
    sections: ({ ports }) =>
      `frontend public
         bind 127.0.0.1:${ports[0]} accept-proxy
         http-request return status 200 content-type text/plain string haproxy`,
  });
  match(await exchange(haproxy.ports[0], PROXY_V1 + request("/one")), /200 OK[^]*haproxy$/);
  const line = await haproxy.waitForAccess(/client=(\S+) frontend=public .*"GET \/one /);
  strictEqual(line[1], "198.51.100.7:4711");
});
