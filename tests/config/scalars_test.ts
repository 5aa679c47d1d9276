import assert from "node:assert/strict";
import { formatHostPattern } from "../../lib/base/hostnames.ts";
import * as scalars from "../../lib/config/scalars.ts";

type Scalar = {
  safeParse(value: unknown): {
    success: boolean;
    data?: unknown;
    error?: { issues: readonly { message: string; params?: { hint?: string } }[] };
  };
};

/** Values that are read, with their meaning as text. */
const READ: readonly [name: string, scalar: Scalar, cases: readonly [unknown, unknown][]][] = [
  ["Duration", scalars.Duration, [
    ["5s", 5_000],
    ["250ms", 250],
    ["1ms", 1],
    ["1.5h", 5_400_000],
    ["10 min", 600_000],
    ["24d", 2_073_600_000],
    ["2147483647ms", 2_147_483_647],
  ]],
  ["Host", scalars.Host, [
    ["App.Example.org.", "app.example.org"],
    ["*.Example.org", "*.example.org"],
    ["*", "*"],
    ["localhost", "localhost"],
    ["my_app.lan", "my_app.lan"],
    ["bücher.example", "xn--bcher-kva.example"],
    ["*.bücher.example", "*.xn--bcher-kva.example"],
  ]],
  ["ListenAddress", scalars.ListenAddress, [
    [":443", { kind: "tcp", hostname: "::", port: 443 }],
    ["[::]:443", { kind: "tcp", hostname: "::", port: 443 }],
    ["[0:0::1]:0", { kind: "tcp", hostname: "::1", port: 0 }],
    ["192.0.2.1:65535", { kind: "tcp", hostname: "192.0.2.1", port: 65_535 }],
    ["[::ffff:192.0.2.1]:80", { kind: "tcp", hostname: "192.0.2.1", port: 80 }],
  ]],
  ["AcmeDirectory", scalars.AcmeDirectory, [
    ["letsencrypt", scalars.DEFAULT_ACME_DIRECTORY],
    ["letsencrypt-staging", "https://acme-staging-v02.api.letsencrypt.org/directory"],
    ["https://127.0.0.1:14000/dir", "https://127.0.0.1:14000/dir"],
  ]],
  ["Email", scalars.Email, [["me+x@example.org", "me+x@example.org"]]],
  ["Fingerprint", scalars.Fingerprint, [
    ["AB".repeat(32), "ab".repeat(32)],
    [Array(32).fill("Ab").join(":"), "ab".repeat(32)],
    [`SHA256:${"0a".repeat(32)}`, "0a".repeat(32)],
  ]],
  ["Hostname", scalars.Hostname, [["Inner.Example.org.", "inner.example.org"]]],
  ["FilePath", scalars.FilePath, [["certs/a b.pem", "certs/a b.pem"], ["/x", "/x"]]],
];

for (const [name, scalar, cases] of READ) {
  for (const [input, expected] of cases) {
    Deno.test(`${name} reads ${JSON.stringify(input)}`, () => {
      const result = scalar.safeParse(input);
      assert(result.success, result.error?.issues[0].message);
      const isHost = scalar === scalars.Host;
      const shown = isHost ? formatHostPattern(scalars.Host.parse(input)) : result.data;
      assert.deepEqual(shown, expected);
    });
  }
}

/** Values that are refused, with what is said before ", expected" and the hint. */
const REFUSED: readonly [
  name: string,
  scalar: Scalar,
  cases: readonly [input: unknown, state: string, hint?: string][],
][] = [
  ["Duration", scalars.Duration, [
    [90, "unit is missing"],
    ["90", "unit is missing"],
    ["5S", 'unit "S" is not known'],
    ["5 weeks", 'unit "weeks" is not known'],
    ["", "it is not a duration"],
    ["-5s", "it is not a duration"],
    ["1h30m", "it is not a duration"],
    ["0s", "it is shorter than a millisecond"],
    ["0.4ms", "it is shorter than a millisecond"],
    ["2147483648ms", "it is longer than 24d"],
    ["1e9s", "it is not a duration"],
    [`${"9".repeat(400)}s`, "it is longer than 24d"],
    [true, "wrong type"],
    [null, "value is missing"],
    [undefined, "is missing"],
    [[], "wrong type"],
  ]],
  ["Host", scalars.Host, [
    ["", "it is empty"],
    ["127.0.0.1", "it is an IP address", 'clients that name no host reach the route of "*"'],
    ["[::1]", "it is an IP address", 'clients that name no host reach the route of "*"'],
    ["host.10", "it is an IP address", 'clients that name no host reach the route of "*"'],
    ["https://a.b/c", "it is more than a hostname", 'write "a.b"'],
    ["a.b:443", "it is more than a hostname", 'write "a.b"'],
    ["*.a.b:443", "it is more than a hostname", 'write "*.a.b"'],
    ["a b", "it is more than a hostname"],
    ["me@a.b", "it is more than a hostname"],
    ["bücher.example:443", "it is more than a hostname", 'write "bücher.example"'],
    ["bücher.example/x?y", "it is more than a hostname", 'write "bücher.example"'],
    ["*.*.a", '"*" stands for more or less than the first label'],
    ["a*.b", '"*" stands for more or less than the first label'],
    ["**", '"*" stands for more or less than the first label'],
    ["*.", "it is not a hostname"],
    ["-a.b", "it is not a hostname"],
    [`${"a".repeat(64)}.b`, "it is not a hostname"],
    ["a.".repeat(128), "it is not a hostname"],
  ]],
  ["ListenAddress", scalars.ListenAddress, [
    [443, "it is only a port"],
    ["443", "it is only a port", 'write ":443"'],
    ["[::]", "port is missing", 'write "[::]:443"'],
    ["::", "port is missing", 'write "[::]:443"'],
    ["10.0.0.1", "port is missing", 'write "10.0.0.1:443"'],
    ["", "empty"],
    ["localhost:1", "host is not an IP address", 'write "127.0.0.1:1"'],
    ["*:1", "host is not an IP address", 'write ":1"'],
    ["a.b:1", "host is not an IP address"],
    ["[::1%eth0]:1", "host is not an IP address"],
    [":65536", "port is not a number from 0 to 65535"],
    ["unix:/x", "it is not a TCP address"],
  ]],
  ["RedirectTarget", scalars.RedirectTarget, [
    ["a.b", 'it does not begin with "https://" or "http://"'],
    ["https:///a", 'it does not begin with "https://" or "http://"'],
    ["javascript:alert(1)", 'it does not begin with "https://" or "http://"'],
    ["https://a:b:c", "it is not a URL"],
    ["https://a:99999/b", "its port is out of range"],
    ["https://me@a", "it holds credentials"],
    ["https://a/#x", "it has a fragment"],
    ["https://a?x", "it has a query but no path"],
    ["https://a/?x", "it has a query but no path"],
  ]],
  ["AcmeDirectory", scalars.AcmeDirectory, [
    ["zerossl", "name is not known"],
    ["toString", "name is not known"],
    ["http://a", "it is not an https URL"],
    ["https://", "it is not a URL"],
    ["https://me@a", "it holds credentials"],
  ]],
  ["Email", scalars.Email, [
    ["me", "it is not an e-mail address"],
    ["mailto:me@a.b", "it is not an e-mail address", 'write "me@a.b"'],
    ["me@a", "it is not an e-mail address"],
    ["a b@c.d", "it is not an e-mail address"],
  ]],
  ["Fingerprint", scalars.Fingerprint, [
    ["ab:cd", "it has 4 hex digits"],
    ["ab".repeat(33), "it has 66 hex digits"],
    ["", "it has 0 hex digits"],
    ["xy".repeat(32), "it is not hexadecimal"],
    [12, "it is read as a number"],
  ]],
  ["Hostname", scalars.Hostname, [["10.0.0.1", "it is not a hostname"], [
    "*.a",
    "it is not a hostname",
  ]]],
  ["FilePath", scalars.FilePath, [
    ["", "it is empty"],
    ["a\0b", "it holds a zero byte"],
    ["redis://a", "it is a URL"],
  ]],
];

for (const [name, scalar, cases] of REFUSED) {
  for (const [input, state, hint] of cases) {
    const shown = String(JSON.stringify(input)).slice(0, 40);
    Deno.test(`${name} refuses ${shown}: ${state}`, () => {
      const result = scalar.safeParse(input);
      assert(!result.success);
      const [issue, ...more] = result.error!.issues;
      assert.deepEqual(more, []);
      assert(issue.message.startsWith(`${state}, expected `), issue.message);
      assert.equal(issue.params?.hint, hint);
    });
  }
}

for (const to of ["https://a", "http://a:8080", "https://a/b?c=d", "HTTPS://A/"]) {
  Deno.test(`RedirectTarget reads ${to}`, () => {
    assert.equal(scalars.RedirectTarget.parse(to).href, new URL(to).href);
  });
}

Deno.test("expecting says what an empty list and an unknown word lack", () => {
  const message = scalars.expecting("a list");
  assert.equal(message({ code: "too_small", input: [] }), "it is empty, expected a list");
  assert.equal(
    message({ code: "invalid_value", input: "x" }),
    "value is not known, expected a list",
  );
  assert.equal(message({ code: "invalid_value", input: 5 }), "value is not known, expected a list");
  assert.equal(message({ code: "invalid_value", input: {} }), "wrong type, expected a list");
});

Deno.test("text makes a scalar of a function", () => {
  const scalar: Scalar = scalars.text("x", (input) => ({ kind: "value", value: input.length }));
  assert.equal(scalar.safeParse("abc").data, 3);
});

for (
  const [ip, canonical] of [["0::1", "::1"], ["::FFFF:1.2.3.4", "1.2.3.4"], ["a.b", undefined]]
) {
  Deno.test(`canonicalIp of ${ip} is ${canonical}`, () => {
    assert.equal(scalars.canonicalIp(ip!), canonical);
  });
}
