import { match, ok, strictEqual } from "node:assert/strict";
import { renderCaddyfile } from "../../../../scripts/bench/proxies/caddy_proxy.ts";
import { renderHaproxyConfig } from "../../../../scripts/bench/proxies/haproxy_offload_proxy.ts";
import { OFFLOADED } from "../../../../scripts/bench/proxies/proxy.ts";

const BACKENDS = { stream: { echo: 1, sink: 2, source: 3 }, http: 4, upload: 5, websocket: 6 };
const CERTIFICATE = {
  certFile: "/a/cert.pem",
  keyFile: "/a/key.pem",
  bothFile: "/a/both.pem",
  caFile: "/a/ca.pem",
  [Symbol.dispose]: () => {},
};
const OPTIONS = { certificate: CERTIFICATE, backends: BACKENDS };

Deno.test("renderCaddyfile: asks nobody for certificates and has no port of its own", () => {
  const text = renderCaddyfile({ ports: [8443], folder: "/f" }, OPTIONS);
  match(text, /^\{\n {2}admin off\n {2}auto_https off$/m);
  for (const { hostname, backend } of OFFLOADED) {
    ok(text.includes(`https://${hostname}:8443 {`));
    ok(text.includes(`reverse_proxy 127.0.0.1:${BACKENDS[backend]} {`));
  }
  strictEqual(text.match(/tls \/a\/cert.pem \/a\/key.pem/g)?.length, OFFLOADED.length);
});

Deno.test("renderHaproxyConfig: one thread, one port, a backend per hostname", () => {
  const text = renderHaproxyConfig(8443, OPTIONS);
  match(text, /^ {2}nbthread 1$/m);
  match(text, /bind 127.0.0.1:8443 ssl crt \/a\/both.pem alpn h2,http\/1.1$/m);
  for (const { hostname, backend } of OFFLOADED) {
    ok(text.includes(`use_backend ${backend} if { ssl_fc_sni ${hostname} }`));
    ok(text.includes(`backend ${backend}\n  server one 127.0.0.1:${BACKENDS[backend]}\n`));
  }
});
