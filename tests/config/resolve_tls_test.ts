import assert from "node:assert/strict";
import { contradiction, CONTRADICTION_HINT } from "../../lib/config/resolve_tls.ts";
import { messagesOf, parse, problemsOf, routeOf } from "./parsing.ts";

const OFFLOAD = "mode: offload, upstream: https://b";

const CERTIFICATES: readonly [route: string, top: string, certificate: unknown][] = [
  [OFFLOAD, "", { kind: "auto" }],
  ["mode: redirect, to: https://c", "", { kind: "auto" }],
  ["mode: passthrough, upstream: b:1", "", undefined],
  ["mode: reject", "defaults: { tls: { certificate: internal } }", undefined],
  [OFFLOAD, "defaults: { tls: { certificate: internal } }", { kind: "internal" }],
  [`${OFFLOAD}, tls: { certificate: auto }`, "defaults: { tls: { certificate: internal } }", {
    kind: "auto",
  }],
  [`${OFFLOAD}, tls: {}`, "defaults: { tls: { certificate: internal } }", { kind: "internal" }],
  [`${OFFLOAD}, tls: { certificate: { cert: c.pem, key: /k.pem } }`, "", {
    kind: "file",
    certFile: "/etc/postern/c.pem",
    keyFile: "/k.pem",
  }],
];

for (const [route, top, certificate] of CERTIFICATES) {
  Deno.test(`resolveCertificate of ${route}${top === "" ? "" : ` with ${top}`}`, () => {
    assert.deepEqual(routeOf(`{ hosts: [a.b], ${route} }`, top).certificate, certificate);
  });
}

for (const host of ["'*.a.b'", "'*'"]) {
  const told = `Cannot use ${host.replaceAll("'", '"')} as "hosts": certificate "auto" needs ` +
    "DNS-01 for it, which is not supported yet";
  Deno.test(`resolveCertificate refuses auto for ${host}, and takes the others`, () => {
    for (const keys of [OFFLOAD, `${OFFLOAD}, tls: { certificate: auto }`]) {
      assert.deepEqual(messagesOf(`{ hosts: [x.y, ${host}], ${keys} }`), [told]);
    }
    assert.deepEqual(messagesOf(`{ hosts: [${host}], mode: redirect, to: https://c.d.e }`), [
      told,
      ...(host === "'*'"
        ? ['Cannot use "https://c.d.e" as "to": it leads back to this route, for ever']
        : []),
    ]);
    for (const certificate of ["internal", "{ cert: c, key: k }"]) {
      const keys = `${OFFLOAD}, tls: { certificate: ${certificate} }`;
      assert.deepEqual(messagesOf(`{ hosts: [${host}], ${keys} }`), []);
    }
    assert.deepEqual(messagesOf(`{ hosts: [${host}], mode: passthrough, upstream: b:1 }`), []);
  });
}

Deno.test("resolveCertificate proposes no internal certificate for the host that none can be verified for", () => {
  const hintOf = (host: string) => {
    const text = `version: 1\nroutes: [{ hosts: [${host}], ${OFFLOAD} }]`;
    return problemsOf(parse(text))[0].hint;
  };
  const wildcard = 'add "tls: { certificate: internal }", or your own: ' +
    '"tls: { certificate: { cert: …, key: … } }"';
  assert.equal(hintOf("'*.a.b'"), wildcard);
  assert.equal(
    hintOf("'*'"),
    'add "tls: { certificate: { cert: …, key: … } }" with your own; no client can verify an ' +
      "internal one here",
  );
});

Deno.test("resolveCertificate warns of auto without port 80, where HTTP-01 would be answered", () => {
  const text = (tls: string) =>
    `version: 1\nlisten: { http: [] }\nroutes: [{ hosts: [a.b], ${OFFLOAD}${tls} }]`;
  const result = parse(text(""));
  assert.equal(result.kind, "config");
  assert.deepEqual(problemsOf(result).map(({ severity }) => severity), ["warning"]);
  assert.deepEqual(problemsOf(parse(text(", tls: { certificate: internal }"))), []);
});

const FINGERPRINT = "ab".repeat(32);
const NOTHING = {
  serverName: undefined,
  caFile: undefined,
  fingerprint: undefined,
  insecureSkipVerify: false,
};

const VERIFIED: readonly [route: string, top: string, tls: Partial<typeof NOTHING> | unknown][] = [
  [OFFLOAD, "", {}],
  [`${OFFLOAD}, upstream_tls: { ca: ca.pem }`, "", { caFile: "/etc/postern/ca.pem" }],
  [`${OFFLOAD}, upstream_tls: { fingerprint: ${FINGERPRINT}, server_name: B.c }`, "", {
    fingerprint: FINGERPRINT,
    serverName: "b.c",
  }],
  [`${OFFLOAD}, upstream_tls: { insecure_skip_verify: true }`, "", { insecureSkipVerify: true }],
  [
    `${OFFLOAD}, upstream_tls: { insecure_skip_verify: false, ca: /ca.pem }`,
    "defaults: { upstream_tls: { server_name: s.t, insecure_skip_verify: true } }",
    { serverName: "s.t", caFile: "/ca.pem" },
  ],
  [`${OFFLOAD}, upstream_tls: { client_cert: { cert: c.pem, key: /k.pem } }`, "", {
    clientCert: { certFile: "/etc/postern/c.pem", keyFile: "/k.pem" },
  }],
  [
    `${OFFLOAD}, upstream_tls: { ca: /ca.pem }`,
    "defaults: { upstream_tls: { client_cert: { cert: /c.pem, key: /k.pem } } }",
    { caFile: "/ca.pem", clientCert: { certFile: "/c.pem", keyFile: "/k.pem" } },
  ],
  ["mode: offload, upstream: http://b", "defaults: { upstream_tls: { ca: ca.pem } }", {}],
  ["mode: passthrough, upstream: b:1", "defaults: { upstream_tls: { ca: ca.pem } }", {}],
];

for (const [route, top, tls] of VERIFIED) {
  Deno.test(`resolveUpstreamTls of ${route}${top === "" ? "" : ` with ${top}`}`, () => {
    const { upstreamTls } = routeOf(`{ hosts: [a.b], ${route} }`, top);
    assert.deepEqual(upstreamTls, { ...NOTHING, ...tls as object });
  });
}

const UNVERIFIED: readonly [route: string, top: string, told: readonly string[]][] = [
  ["mode: offload, upstream: http://b, upstream_tls: { ca: c }", "", [
    'Cannot use a mapping as "upstream_tls": no server of this route speaks TLS',
  ]],
  [`${OFFLOAD}, upstream_tls: { ca: c, insecure_skip_verify: true }`, "", [
    'Cannot use a mapping as "upstream_tls": "ca" verifies and "insecure_skip_verify" does not',
  ]],
  [
    `${OFFLOAD}, upstream_tls: { ca: c }`,
    `defaults: { upstream_tls: { fingerprint: ${FINGERPRINT} } }`,
    [
      'Cannot use a mapping as "upstream_tls": "fingerprint" accepts one certificate whoever signed ' +
      'it, "ca" accepts whatever it signed',
    ],
  ],
  [OFFLOAD, "defaults: { upstream_tls: { ca: c, insecure_skip_verify: true } }", [
    'Cannot use a mapping as "defaults.upstream_tls": "ca" verifies and "insecure_skip_verify" ' +
    "does not",
  ]],
];

for (const [route, top, told] of UNVERIFIED) {
  Deno.test(`resolveUpstreamTls refuses ${route}${top === "" ? "" : ` with ${top}`}`, () => {
    assert.deepEqual(messagesOf(`{ hosts: [a.b], ${route} }`, top), told);
  });
}

Deno.test("contradiction finds every pair, and CONTRADICTION_HINT names what it can be about", () => {
  const values = { ca: "c", fingerprint: FINGERPRINT, insecure_skip_verify: true };
  const keys = Object.keys(values) as (keyof typeof values)[];
  for (const one of keys) {
    assert.equal(contradiction({ [one]: values[one] }), undefined);
    assert(CONTRADICTION_HINT.includes(one));
    for (const other of keys) {
      const pair = { [one]: values[one], [other]: values[other] };
      assert.equal(contradiction(pair) === undefined, one === other, `${one} ${other}`);
    }
  }
  assert.equal(contradiction({ ca: "c", insecure_skip_verify: false }), undefined);
  assert.equal(contradiction({}), undefined);
});
