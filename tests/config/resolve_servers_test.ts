import assert from "node:assert/strict";
import { formatServer } from "../../lib/config/resolve_servers.ts";
import { messagesOf, routeOf } from "./parsing.ts";

const shown = (route: string, top = "") =>
  routeOf(`{ hosts: [a.b], ${route} }`, top).servers
    .map((server) => `${server.scheme} ${formatServer(server)} ${server.proxyProtocol}`);

const SERVERS: readonly [route: string, top: string, servers: readonly string[]][] = [
  ["mode: passthrough, upstream: 10.0.0.1:1", "", ['tcp "10.0.0.1:1" off']],
  ["mode: passthrough, upstreams: [b:1, c:2]", "", ['tcp "b:1" off', 'tcp "c:2" off']],
  ["mode: passthrough, upstream: sample", "", ['tcp "sample" off']],
  [
    "mode: passthrough, upstream: [b:1, { url: c:2, proxy_protocol: off }], proxy_protocol: v2",
    "",
    ['tcp "b:1" v2', 'tcp "c:2" off'],
  ],
  ["mode: passthrough, upstream: b:1", "defaults: { proxy_protocol: v1 }", ['tcp "b:1" v1']],
  [
    "mode: passthrough, upstream: b:1, proxy_protocol: off",
    "defaults: { proxy_protocol: v1 }",
    ['tcp "b:1" off'],
  ],
  ["mode: offload, upstream: http://b", "defaults: { proxy_protocol: v1 }", ['http "b:80" off']],
  ["mode: offload, upstreams: [{ url: https://b }, unix:/s]", "", [
    'https "b:443" off',
    'http "unix:/s" off',
  ]],
  ["mode: reject", "", []],
  ["mode: redirect, to: https://c", "", []],
];

for (const [route, top, servers] of SERVERS) {
  Deno.test(`resolveServers reads ${route}${top === "" ? "" : ` with ${top}`}`, () => {
    assert.deepEqual(shown(route, top), servers);
  });
}

const REFUSED: readonly [route: string, told: readonly string[]][] = [
  ["mode: passthrough, upstream: localhost:443", [
    'Cannot use "localhost:443" as "upstream": Postern itself listens there, expected the ' +
    "server's own address",
  ]],
  ["mode: passthrough, http: off, upstreams: [b:1, '127.0.0.1:80']", [
    'Cannot use "127.0.0.1:80" as "upstreams": Postern itself listens there, expected the ' +
    "server's own address",
  ]],
  ["mode: offload, upstream: { url: 'https://[::1]' }", [
    'Cannot use "https://[::1]" as "upstream.url": Postern itself listens there, expected the ' +
    "server's own address",
  ]],
  ["mode: offload, upstream: { url: http://b, proxy_protocol: v1 }", [
    'Cannot use "v1" as "upstream.proxy_protocol": mode "offload" has no use for it',
  ]],
  ["mode: offload, upstreams: [b, http://c, d:1]", [
    'Cannot use "b" as "upstreams": scheme is missing, expected a URL such as ' +
    '"http://10.0.0.1:3000"',
    'Cannot use "d:1" as "upstreams": scheme is missing, expected a URL such as ' +
    '"http://10.0.0.1:3000"',
  ]],
];

for (const [route, told] of REFUSED) {
  Deno.test(`resolveServers refuses ${route}`, () => {
    assert.deepEqual(messagesOf(`{ hosts: [a.b], ${route} }`), told);
  });
}
