import assert from "node:assert/strict";
import type { PlainHttpConfig } from "../../lib/config/config.ts";
import { formatServer } from "../../lib/config/resolve_servers.ts";
import { messagesOf, parse, problemsOf, routeOf } from "./parsing.ts";

function show(plain: PlainHttpConfig): string {
  if (plain.kind === "off") return "off";
  const servers = plain.kind === "forward" ? plain.servers : plain.challengeServers;
  for (const { scheme, proxyProtocol } of servers) {
    assert.deepEqual([scheme, proxyProtocol], ["http", "off"]);
  }
  const kind = plain.kind === "redirect" ? `redirect ${plain.status}` : plain.kind;
  return [kind, ...servers.map(formatServer)].join(" ");
}

const P = "mode: passthrough, upstream:";
const NO_80 = "listen: { http: [] }";
const LOCAL = "127.0.0.1:8443";

const GOOD: readonly [route: string, top: string, shown: string][] = [
  [`${P} 10.0.0.1:443`, "", 'forward "10.0.0.1:80"'],
  [`${P} [10.0.0.1:443, 10.0.0.1:444, "[fd00::1]:1"]`, "", 'forward "10.0.0.1:80" "[fd00::1]:80"'],
  [`${P} 10.0.0.1:443, proxy_protocol: v2`, "", 'forward "10.0.0.1:80"'],
  [`${P} sample`, "", 'forward "sample"'],
  [`${P} unix:/s, http_upstream: 10.0.0.2:8080`, "", 'forward "10.0.0.2:8080"'],
  [`${P} 10.0.0.1:443, http_upstream: http://b`, "", 'forward "b:80"'],
  [`${P} ${LOCAL}, http_upstream: 127.0.0.1:8080`, "", 'forward "127.0.0.1:8080"'],
  [`${P} ${LOCAL}`, "listen: { http: ':8080' }", 'forward "127.0.0.1:80"'],
  [`${P} 10.0.0.1:443`, "defaults: { http_upstream: b:1 }", 'forward "b:1"'],
  [`${P} 10.0.0.1:443, http: redirect`, "", 'redirect 308 "10.0.0.1:80"'],
  [`${P} 10.0.0.1:443, http: { redirect: 301 }`, "", 'redirect 301 "10.0.0.1:80"'],
  [`${P} 10.0.0.1:443, http: redirect, http_upstream: b:1`, "", 'redirect 308 "b:1"'],
  [`${P} 10.0.0.1:443`, "defaults: { http: redirect }", 'redirect 308 "10.0.0.1:80"'],
  [`${P} ${LOCAL}, http: redirect`, "", "redirect 308"],
  [`${P} unix:/s, http: redirect`, "", "redirect 308"],
  [`${P} unix:/s, http: off`, "", "off"],
  [`${P} unix:/s`, "defaults: { http: off, http_upstream: b:1 }", "off"],
  [`${P} unix:/s`, NO_80, "off"],
  [`${P} 10.0.0.1:443, http: forward`, "defaults: { http: off }", 'forward "10.0.0.1:80"'],
  ["mode: offload, upstream: http://b", "", "redirect 308"],
  ["mode: offload, upstream: http://b, http: { redirect: 302 }", "", "redirect 302"],
  ["mode: offload, upstream: http://b, http: off", "", "off"],
  ["mode: offload, upstream: http://b", "defaults: { http: forward }", "redirect 308"],
  ["mode: offload, upstream: http://b", "defaults: { http: { redirect: 307 } }", "redirect 307"],
  ["mode: redirect, to: https://c", "", "redirect 308"],
  ["mode: redirect, to: https://c", "defaults: { http: off }", "off"],
  ["mode: reject", "", "off"],
  ["mode: reject", "defaults: { http: redirect }", "off"],
];

for (const [route, top, shown] of GOOD) {
  Deno.test(`resolvePlainHttp: ${route}${top === "" ? "" : ` with ${top}`} is ${shown}`, () => {
    assert.equal(show(routeOf(`{ hosts: [a.b], ${route} }`, top).plainHttp), shown);
  });
}

const BAD: readonly [route: string, top: string, told: string][] = [
  [
    `${P} ${LOCAL}`,
    "",
    'Cannot use "127.0.0.1:8443" as "upstream": plain HTTP would go to "127.0.0.1:80", where ' +
    "Postern itself listens",
  ],
  [
    `${P} 10.0.0.1:443`,
    "listen: { http: '10.0.0.1:80' }",
    'Cannot use "10.0.0.1:443" as "upstream": plain HTTP would go to "10.0.0.1:80", where ' +
    "Postern itself listens",
  ],
  [
    `${P} unix:/s`,
    "",
    'Cannot use "unix:/s" as "upstream": plain HTTP cannot be forwarded to port 80 of a Unix socket',
  ],
  [
    `${P} [10.0.0.1:443, unix:/s]`,
    "",
    'Cannot use "unix:/s" as "upstream": plain HTTP cannot be forwarded to port 80 of a Unix socket',
  ],
  [
    `${P} 10.0.0.1:443, http_upstream: localhost:80`,
    "",
    'Cannot use "localhost:80" as "http_upstream": Postern itself listens there, expected the ' +
    "server's own address",
  ],
  [
    `${P} 10.0.0.1:443`,
    "defaults: { http_upstream: '[::1]:443' }",
    'Cannot use "[::1]:443" as "defaults.http_upstream": Postern itself listens there, expected ' +
    "the server's own address",
  ],
  [
    `${P} unix:/s, http: forward`,
    NO_80,
    'Cannot use "unix:/s" as "upstream": plain HTTP cannot be forwarded to port 80 of a Unix socket',
  ],
  [
    `${P} 10.0.0.1:443, http: off, http_upstream: b:1`,
    "",
    'Cannot use "b:1" as "http_upstream": "http: off" has no use for it',
  ],
  [
    "mode: offload, upstream: http://b, http: forward",
    "",
    'Cannot use "forward" as "http": mode "offload" serves its hosts over TLS only',
  ],
  [
    "mode: redirect, to: https://c, http: forward",
    "",
    'Cannot use "forward" as "http": mode "redirect" serves its hosts over TLS only',
  ],
  // The address was given, and is told to be wrong: that none can be derived is no news.
  [
    `${P} unix:/s, http_upstream: nowhere`,
    "",
    'Cannot use "nowhere" as "http_upstream": port is missing, expected an address such as ' +
    '"10.0.0.1:80"',
  ],
];

for (const [route, top, told] of BAD) {
  Deno.test(`resolvePlainHttp refuses ${route}${top === "" ? "" : ` with ${top}`}`, () => {
    assert.deepEqual(messagesOf(`{ hosts: [a.b], ${route} }`, top), [told]);
  });
}

const LOST =
  'Cannot read route "a.b": with "http: redirect" ACME challenges over HTTP get 404, for ' +
  "no plain HTTP address of its server is known";

const REDIRECTS: readonly [route: string, top: string, told: readonly string[]][] = [
  [`${P} ${LOCAL}, http: redirect`, "", [LOST]],
  [`${P} ${LOCAL}, http: { redirect: 301 }`, "", [LOST]],
  [`${P} ${LOCAL}`, "defaults: { http: redirect }", [LOST]],
  [`${P} unix:/s, http: redirect`, "", [LOST]],
  [`${P} [unix:/s, ${LOCAL}], http: redirect`, "", [LOST]],
  [`${P} [unix:/s, 10.0.0.1:443], http: redirect`, "", []],
  [`${P} sample, http: redirect`, "", []],
  [`${P} ${LOCAL}, http: redirect, http_upstream: 127.0.0.1:8080`, "", []],
  [`${P} ${LOCAL}, http: redirect`, "defaults: { http_upstream: b:1 }", []],
  [`${P} ${LOCAL}, http: redirect`, "listen: { http: ':8080' }", []],
  [`${P} ${LOCAL}, http: redirect`, NO_80, []],
  [`${P} unix:/s, http: redirect`, NO_80, []],
  [`${P} unix:/s, http: off`, "", []],
  ["mode: redirect, to: https://c", "", []],
  // Told already: the one problem is where the other comes from.
  [`${P} 127.0.0.1:443, http: redirect`, "", [
    'Cannot use "127.0.0.1:443" as "upstream": Postern itself listens there, expected the ' +
    "server's own address",
  ]],
  [`${P} unix:/s, http: redirect, http_upstream: localhost:80`, "", [
    'Cannot use "localhost:80" as "http_upstream": Postern itself listens there, expected the ' +
    "server's own address",
  ]],
  [`${P} unix:/s, http: redirect, http_upstream: nowhere`, "", [
    'Cannot use "nowhere" as "http_upstream": port is missing, expected an address such as ' +
    '"10.0.0.1:80"',
  ]],
];

for (const [route, top, told] of REDIRECTS) {
  const name = `${route}${top === "" ? "" : ` with ${top}`}`;
  Deno.test(`resolvePlainHttp tells whether challenges get lost: ${name}`, () => {
    assert.deepEqual(messagesOf(`{ hosts: [a.b], ${route} }`, top), told);
  });
}

Deno.test("resolvePlainHttp only warns of lost challenges, and says what to give", () => {
  const route = `{ hosts: [a.b], ${P} ${LOCAL}, http: redirect }`;
  const result = parse(`version: 1\nroutes: [${route}]`);
  assert.equal(result.kind, "config");
  const hint = 'give the server\'s plain HTTP address as "http_upstream"';
  assert.deepEqual(problemsOf(result).map((problem) => [problem.severity, problem.hint]), [
    ["warning", hint],
  ]);
  // The error without "http" has the same one: a redirect would not bring the challenges anywhere.
  const refused = problemsOf(parse(`version: 1\nroutes: [{ hosts: [a.b], ${P} ${LOCAL} }]`));
  assert.deepEqual(refused.map((problem) => [problem.severity, problem.hint]), [["error", hint]]);
});
