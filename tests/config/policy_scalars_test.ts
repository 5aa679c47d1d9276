import assert from "node:assert/strict";
import * as scalars from "../../lib/config/policy_scalars.ts";

type Scalar = {
  safeParse(value: unknown): {
    success: boolean;
    data?: unknown;
    error?: { issues: readonly { message: string; params?: { hint?: string } }[] };
  };
};

const READ: readonly [name: string, scalar: Scalar, cases: readonly [unknown, unknown][]][] = [
  ["Size", scalars.Size, [["10MB", 10_000_000], ["512KiB", 524_288], ["1.5 gib", 1_610_612_736]]],
  ["BodySize", scalars.BodySize, [["0B", 0], ["1GB", 1e9], ["unlimited", Infinity]]],
  ["CidrBlock", scalars.CidrBlock, [
    ["10.0.0.0/8", { ip: "10.0.0.0", prefixBits: 8 }],
    ["10.0.0.1", { ip: "10.0.0.1", prefixBits: 32 }],
    ["2001:DB8:0::/32", { ip: "2001:db8::", prefixBits: 32 }],
    ["::ffff:10.0.0.0/104", { ip: "10.0.0.0", prefixBits: 8 }],
  ]],
  ["Lifetime", scalars.Lifetime, [["1y", 31_536_000_000], ["0s", 0], ["90s", 90_000], [
    "2y",
    63_072e6,
  ]]],
  ["HeaderName", scalars.HeaderName, [["X-A", "X-A"], ["x_y!#$%&'*+.^`|~1", "x_y!#$%&'*+.^`|~1"]]],
  ["HeaderValue", scalars.HeaderValue, [
    ["noindex, nofollow", ["noindex, nofollow"]],
    ["", []],
    ["a\tb", ["a\tb"]],
    ["{host}", [{ placeholder: "host" }]],
    ["<{client_ip}>{scheme}", ["<", { placeholder: "client_ip" }, ">", { placeholder: "scheme" }]],
    // RFC 8941 and JSON in headers: braces around anything but a word are text.
    ['{"group":"x"}', ['{"group":"x"}']],
    ["{} {HOST} {a b} {{host}}", ["{} {HOST} {a b} {", { placeholder: "host" }, "}"]],
  ]],
  ["HostHeader", scalars.HostHeader, [
    ["keep", { kind: "keep" }],
    ["upstream", { kind: "upstream" }],
    ["App.lan", { kind: "fixed", value: "App.lan" }],
    ["my_app:8080", { kind: "fixed", value: "my_app:8080" }],
    ["10.0.0.1", { kind: "fixed", value: "10.0.0.1" }],
    ["10.0.0.1:80", { kind: "fixed", value: "10.0.0.1:80" }],
    ["[::1]:80", { kind: "fixed", value: "[::1]:80" }],
  ]],
  ["PageFile", scalars.PageFile, [["e.html", "e.html"], ["/p/E.HTM", "/p/E.HTM"], [
    "a.json",
    "a.json",
  ]]],
];

for (const [name, scalar, cases] of READ) {
  for (const [input, expected] of cases) {
    Deno.test(`${name} reads ${JSON.stringify(input)}`, () => {
      const result = scalar.safeParse(input);
      assert(result.success, result.error?.issues[0].message);
      assert.deepEqual(result.data, expected);
    });
  }
}

const REFUSED: readonly [
  name: string,
  scalar: Scalar,
  cases: readonly [input: unknown, state: string, hint?: string][],
][] = [
  ["Size", scalars.Size, [
    [10, "unit is missing"],
    ["10", "unit is missing"],
    ["10M", 'unit "M" is not known', 'write "10MB"'],
    ["10 Ki", 'unit "Ki" is not known', 'write "10 KiB"'],
    ["10 bits", 'unit "bits" is not known'],
    ["-1MB", "it is not a size"],
    ["", "it is not a size"],
    [`${"9".repeat(30)}TB`, "it is too large"],
    [true, "wrong type"],
  ]],
  ["BodySize", scalars.BodySize, [
    [0, "unit is missing"],
    ["Unlimited", "it is not a size"],
    ["10M", 'unit "M" is not known', 'write "10MB"'],
  ]],
  ["CidrBlock", scalars.CidrBlock, [
    ["10.0.0.1/8", "it has bits behind its prefix", 'write "10.0.0.0/8"'],
    ["2001:db8::1/32", "it has bits behind its prefix", 'write "2001:db8::/32"'],
    ["::ffff:10.0.0.1/104", "it has bits behind its prefix", 'write "10.0.0.0/8"'],
    ["10.0.0.0/33", "it is not a block of IP addresses"],
    ["localhost", "it is not a block of IP addresses"],
    ["private", "it is not a block of IP addresses"],
    [10, "wrong type"],
  ]],
  ["Lifetime", scalars.Lifetime, [
    [31_536_000, "unit is missing"],
    ["31536000", "unit is missing"],
    ["250ms", "it is not in whole seconds"],
    ["1 year", "it is not a duration"],
    ["", "it is not a duration"],
  ]],
  ["HeaderName", scalars.HeaderName, [
    ["", "it is empty"],
    ["X A", "it cannot be a header name"],
    ["X:", "it cannot be a header name"],
    [":authority", "it cannot be a header name"],
    ["X-\u00e4", "it cannot be a header name"],
    ["X\r\nY", "it cannot be a header name"],
  ]],
  // RFC 9110 §5.5: what would end the line, or be read in several ways.
  ["HeaderValue", scalars.HeaderValue, [
    ["a\r\nX-B: c", "it holds a character that a header cannot have"],
    ["a\nb", "it holds a character that a header cannot have"],
    ["a\0", "it holds a character that a header cannot have"],
    ["\u00e4", "it holds a character that a header cannot have"],
    ["a\x7f", "it holds a character that a header cannot have"],
    [" a", "it begins or ends with a space"],
    ["a\t", "it begins or ends with a space"],
    [
      "{clientip}",
      'placeholder "{clientip}" is not known',
      'write "{client_ip}", "{host}" or "{scheme}"',
    ],
    [1, "it is read as a number"],
    [null, "value is missing"],
  ]],
  ["HostHeader", scalars.HostHeader, [
    ["Keep", "it is not in lower case", 'write "keep"'],
    ["", "it is not a host"],
    ["a b", "it is not a host"],
    ["http://a", "it is not a host"],
    ["a:65536", "it is not a host"],
    ["a:b", "it is not a host"],
    ["::1", "it is not a host"],
    ["[10.0.0.1]", "it is not a host"],
    ["[::1%eth0]", "it is not a host"],
    ["a\r\nb", "it is not a host"],
  ]],
  ["PageFile", scalars.PageFile, [
    ["", "it is empty"],
    ["a.html\0", "it holds a zero byte"],
    ["https://a/b.html", "it is a URL"],
    ["error", "its ending tells no type"],
    ["error.php", "its ending tells no type"],
  ]],
];

for (const [name, scalar, cases] of REFUSED) {
  for (const [input, state, hint] of cases) {
    Deno.test(`${name} refuses ${JSON.stringify(input)?.slice(0, 40)}: ${state}`, () => {
      const result = scalar.safeParse(input);
      assert(!result.success);
      const [issue] = result.error!.issues;
      assert.equal(issue.message.split(", expected ")[0], state);
      assert.match(issue.message, /, expected \S/);
      assert.equal(issue.params?.hint, hint);
    });
  }
}

Deno.test("isHeaderName: RFC 9110 §5.6.2, tokens and nothing else", () => {
  for (let code = 0; code < 256; code++) {
    const character = String.fromCharCode(code);
    const isTokenCharacter = /[\x21-\x7e]/.test(character) &&
      !'"(),/:;<=>?@[\\]{}'.includes(character);
    assert.equal(scalars.isHeaderName(`a${character}`), isTokenCharacter, String(code));
  }
});
