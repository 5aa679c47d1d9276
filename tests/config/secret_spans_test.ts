import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { formatProblems } from "../../lib/config/format_problems.ts";
import { parseConfig } from "../../lib/config/parse_config.ts";

const HASH = "scrypt$16384$8$5$LzW3N2p9m1xQvTnY4cB7Ag$4uM0c1pGz8Zt2rKq7Yb3nXe5Vw9Hs6Df0Ja1Lk8Qo2M";

/** Lines of a route, one of which is a mistake; everywhere the password is hunter2. */
const MISTAKES: readonly (readonly [what: string, yaml: string])[] = [
  ["a password for a hash", "basic_auth: { users: { alice: hunter2 } }"],
  ["two of them", "basic_auth: { users: { alice: hunter2, bob: 'hunter2' } }"],
  ["a number for a hash", "basic_auth: { users: { alice: hunter2, bob: 4711 } }"],
  ["another key of the line", "basic_auth: { users: { alice: hunter2 }, relm: x }"],
  ["a line of a htpasswd file", "basic_auth: { users: 'alice:hunter2' }"],
  ["a list", "basic_auth: { users: ['alice:hunter2'] }"],
  ["a key that is misspelt", "basic_auth: { user: { alice: hunter2 } }"],
  ["no users at all", "basic_auth: 'alice:hunter2'"],
  ["users in the route", "users: { alice: hunter2 }"],
  ["in a path", "paths: [{ path: /a/*, basic_auth: { users: { alice: hunter2 } }, hosts: x }]"],
  ["by an alias", "basic_auth: { users: { alice: &p hunter2, bob: *p, carol: *p } }"],
  ["over several lines", "basic_auth:\n      users:\n        alice: >\n          hunter2"],
];

for (const [what, yaml] of MISTAKES) {
  Deno.test(`secretSpans: problems show no password: ${what}`, () => {
    const shown = problemsOf(yaml);
    match(shown, /error: /);
    strictEqual(/hunter2|4711/.test(shown), false, shown);
  });
}

Deno.test("secretSpans: hashes are hidden, too, and what is no secret is shown", () => {
  const shown = problemsOf(`basic_auth: { realm: home, pass: 7, users: { alice: ${HASH} } }`);
  strictEqual(shown.includes(HASH.slice(-20)), false, shown);
  match(shown, /Cannot use 7 as "basic_auth\.pass"/);
  match(shown, /realm: home, pass: 7, users: \{ alice: \*+/);
});

Deno.test("secretSpans: a configuration without a mistake has its hash unharmed", () => {
  const parsed = parse(`basic_auth: { users: { alice: ${HASH} } }`);
  deepStrictEqual(parsed.kind, "config");
});

Deno.test("secretSpans: thousands of secrets on one line are hidden in time", () => {
  const users = Array.from({ length: 20_000 }, (_, index) => `u${index}: hunter2`).join(", ");
  const startMs = performance.now();
  strictEqual(problemsOf(`basic_auth: { users: { ${users} } }`).includes("hunter2"), false);
  const tookMs = performance.now() - startMs;
  strictEqual(tookMs < 10_000, true, `${tookMs} ms`);
});

function problemsOf(yaml: string): string {
  const parsed = parse(yaml);
  return parsed.kind === "config"
    ? ""
    : formatProblems(parsed.problems, { path: "routes.yaml", color: false });
}

function parse(yaml: string) {
  const text = `version: 1\nroutes:\n  - hosts: [a.example.org]\n    mode: offload\n` +
    `    upstream: http://10.0.0.1\n    ${yaml}\n`;
  return parseConfig(text, { path: "/etc/routes.yaml" });
}
