import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { routes } from "../../lib/cli/routes.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { runVerb } from "./recorded_terminal.ts";

const YAML = `
version: 1
routes:
  - hosts: [App1.example.org, "*.app1.example.org"]
    mode: passthrough
    upstreams: ["192.168.1.11:443", { url: "[fd00::1]:443", proxy_protocol: v2 }]
  - hosts: [app2.example.org]
    mode: offload
    upstream: http://192.168.1.12:3000
  - hosts: [app3.example.org]
    mode: offload
    upstream: [https://app3.lan, "unix:/run/app3.sock"]
    tls: { certificate: { cert: /etc/ssl/app3.pem, key: /etc/ssl/app3.key } }
    http: { redirect: 301 }
  - hosts: [old.example.org]
    mode: redirect
    to: https://new.example.org/
    tls: { certificate: internal }
  - hosts: [closed.example.org]
    mode: passthrough
    upstream: 127.0.0.1:8443
    proxy_protocol: v1
    http: off
  - hosts: [challenged.example.org]
    mode: passthrough
    upstream: 192.168.1.13:443
    http: redirect
  - hosts: [try.example.org]
    mode: offload
    upstream: sample
  - hosts: ["*"]
    mode: reject
`;

const TABLE = `
HOST                    MODE         443                                        80                                                  CERTIFICATE        PROXY HEADER
app1.example.org        passthrough  192.168.1.11:443, [fd00::1]:443            http://192.168.1.11:80, http://[fd00::1]:80         -                  off, v2
*.app1.example.org      passthrough  192.168.1.11:443, [fd00::1]:443            http://192.168.1.11:80, http://[fd00::1]:80         -                  off, v2
app2.example.org        offload      http://192.168.1.12:3000                   redirect 308                                        auto               off
app3.example.org        offload      https://app3.lan:443, unix:/run/app3.sock  redirect 301                                        /etc/ssl/app3.pem  off
old.example.org         redirect     redirect 308 https://new.example.org       redirect 308                                        internal           off
closed.example.org      passthrough  127.0.0.1:8443                             404                                                 -                  v1
challenged.example.org  passthrough  192.168.1.13:443                           redirect 308, challenges to http://192.168.1.13:80  -                  off
try.example.org         offload      sample                                     redirect 308                                        auto               off
*                       reject       alert                                      404                                                 -                  off
`;

Deno.test("routes: prints one aligned line per host, in the order of the file", async () => {
  using folder = makeTempFolder();
  const { code, out, err } = await runVerb(routes, folder.write("routes.yaml", YAML));
  deepStrictEqual({ code, err }, { code: 0, err: "" });
  strictEqual(`\n${out}\n`, TABLE);
});

Deno.test("routes: shows nothing for port 80 where nobody listens on it", async () => {
  using folder = makeTempFolder();
  const yaml = YAML.replace("routes:", "listen: { http: [] }\nroutes:");
  const { out } = await runVerb(routes, folder.write("routes.yaml", yaml));
  match(out, /^app2\.example\.org +offload +http:\/\/192\.168\.1\.12:3000 +- +auto +off$/m);
});

const SOURCES = `
version: 1
routes:
  - hosts: [seen.example.org]
    mode: passthrough
    upstream: 192.168.1.11:443
    http: off
    source: client
  - hosts: [either.example.org]
    mode: passthrough
    upstream: 192.168.1.12:443
    http: off
    source: client
    source_fallback: proxy
  - hosts: [hidden.example.org]
    mode: passthrough
    upstream: 192.168.1.13:443
    http: off
`;

const SOURCE_TABLE = `
HOST                MODE         443               80   CERTIFICATE  PROXY HEADER  SOURCE
seen.example.org    passthrough  192.168.1.11:443  404  -            off           client
either.example.org  passthrough  192.168.1.12:443  404  -            off           client, else proxy
hidden.example.org  passthrough  192.168.1.13:443  404  -            off           -
`;

Deno.test("routes: shows whose address servers see, where it is not always Postern's", async () => {
  using folder = makeTempFolder();
  const { code, out } = await runVerb(routes, folder.write("routes.yaml", SOURCES));
  strictEqual(code, 0);
  strictEqual(`\n${out}\n`, SOURCE_TABLE);
});

Deno.test("routes: shows how servers are balanced and checked where that is not the default", async () => {
  using folder = makeTempFolder();
  const yaml = `
version: 1
routes:
  - hosts: [a.example.org]
    mode: passthrough
    load_balance: ip_hash
    health_check: {}
    http: off
    upstreams: [{ url: 10.0.0.1:443, weight: 3 }, { url: 10.0.0.2:443, backup: true }]
  - hosts: [b.example.org]
    mode: offload
    upstreams: [http://10.0.0.1, http://10.0.0.2]
    health_check: { path: /health, interval: 90s }
    sticky: { cookie: server }
`;
  const { out } = await runVerb(routes, folder.write("routes.yaml", yaml));
  const cells = out.split("\n").map((line) => line.split(/ {2,}/)[2]);
  deepStrictEqual(cells, [
    "443",
    "10.0.0.1:443 weight 3, 10.0.0.2:443 backup; ip_hash; check tcp every 10s",
    "http://10.0.0.1:80, http://10.0.0.2:80; sticky server; check http /health every 90s",
  ]);
});

const POLICIES = `
version: 1
defaults: { hsts: true }
routes:
  - hosts: [a.example.org, b.example.org]
    mode: offload
    upstream: http://10.0.0.1:3000
    forward_auth: { url: "http://auth.lan:9091/verify" }
    rate_limit: { requests: 100, per: 1m }
    paths:
      - { path: /api/*, strip_prefix: true, upstream: "http://10.0.0.2:8080", forward_auth: off, max_body_size: 10MB }
      - { path: /old/*, rewrite: /archive, security_headers: true }
      - { path: /docs, to: /docs/ }
      - { path: "/Über uns/*", rewrite: /a b }
      - { path: /.git/*, respond: 404, hsts: false, forward_auth: off, rate_limit: off }
  - hosts: [c.example.org]
    mode: offload
    upstream: http://10.0.0.3
    host_header: upstream
    maintenance: true
  - { hosts: [d.example.org], mode: passthrough, upstream: "10.0.0.4:443", http: off }
`;

const POLICY_TABLE = `
HOST           MODE         443                                          80            CERTIFICATE  PROXY HEADER  POLICIES
a.example.org  offload      http://10.0.0.1:3000                         redirect 308  auto         off           rate_limit 100 per 1m, forward_auth auth.lan:9091, hsts
b.example.org  offload      http://10.0.0.1:3000                         redirect 308  auto         off           rate_limit 100 per 1m, forward_auth auth.lan:9091, hsts
  /api/*                    http://10.0.0.2:8080; prefix stripped                                                 rate_limit 100 per 1m, max_body_size 10000000, hsts
  /old/*                    http://10.0.0.1:3000; rewritten to /archive                                           rate_limit 100 per 1m, forward_auth auth.lan:9091, security_headers, hsts
  /docs                     redirect 308 /docs/                                                                   rate_limit 100 per 1m, forward_auth auth.lan:9091, hsts
  /über uns/*               http://10.0.0.1:3000; rewritten to /a%20b                                             rate_limit 100 per 1m, forward_auth auth.lan:9091, hsts
  /.git/*                   answer 404                                                                            -
c.example.org  offload      http://10.0.0.3:80                           redirect 308  auto         off           maintenance, host of upstream, hsts
d.example.org  passthrough  10.0.0.4:443                                 404           -            off           -
`;

Deno.test("routes: shows paths below their hosts, and what requests meet on their way", async () => {
  using folder = makeTempFolder();
  const { code, out, err } = await runVerb(routes, folder.write("routes.yaml", POLICIES));
  deepStrictEqual({ code, err }, { code: 0, err: "" });
  strictEqual(`\n${out}\n`, POLICY_TABLE);
});

Deno.test("routes: prints no table of a file that has errors", async () => {
  using folder = makeTempFolder();
  const { code, out, err } = await runVerb(routes, folder.write("routes.yaml", `${YAML}x: 1\n`));
  deepStrictEqual({ code, out }, { code: 2, out: "" });
  match(err, /unknown key "x"/);
});
