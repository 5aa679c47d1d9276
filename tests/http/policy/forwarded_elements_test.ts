import assert from "node:assert/strict";
import { isIP } from "node:net";
import { unmapIpv4 } from "../../../lib/base/addresses.ts";
import {
  entriesFromRight,
  parseForwardedElement,
  parseNode,
} from "../../../lib/http/policy/forwarded_elements.ts";
import { Random } from "../../support/random.ts";

const LISTS: readonly [list: string, entries: readonly string[]][] = [
  ["", [""]],
  ["a", ["a"]],
  ["a, b,c", ["c", "b", "a"]],
  [" a ,\tb ", ["b", "a"]],
  [",a,,", ["", "", "a", ""]],
  // RFC 9110 §5.6.4: a comma within quotes is text.
  ['for="a,b", for=c', ["for=c", 'for="a,b"']],
  ['a="x\\",y", b', ["b", 'a="x\\",y"']],
  ['a="x\\\\", b', ["b", 'a="x\\\\"']],
  // What a stranger leaves open must not reach what a proxy has put behind it.
  ['for="x, for=c', ["for=c", 'for="x']],
  ['for="x\\", for=c', ["for=c", 'for="x\\"']],
  ['for="x, for="[::1]"', ['for="[::1]"', 'for="x']],
  [',", a', ["a", '"', ""]],
];

for (const [list, entries] of LISTS) {
  Deno.test(`entriesFromRight: ${JSON.stringify(list)}`, () => {
    assert.deepEqual([...entriesFromRight(list)], entries);
  });
}

const NODES: readonly [text: string, node: string | undefined][] = [
  ["192.0.2.1", "192.0.2.1 0"],
  ["192.0.2.1:8080", "192.0.2.1 8080"],
  ["192.0.2.1:0", "192.0.2.1 0"],
  ["192.0.2.1:65535", "192.0.2.1 65535"],
  ["2001:DB8::1", "2001:db8::1 0"],
  ["2001:db8:0:0::1", "2001:db8::1 0"],
  ["[2001:db8::1]", "2001:db8::1 0"],
  ["[2001:db8::1]:443", "2001:db8::1 443"],
  // It is one address, although it could be one with a port.
  ["2001:db8::1:443", "2001:db8::1:443 0"],
  ["[192.0.2.1]:80", "192.0.2.1 80"],
  // RFC 4291 §2.5.5.2: the same client has one name.
  ["::ffff:192.0.2.1", "192.0.2.1 0"],
  ["[::ffff:c000:201]:80", "192.0.2.1 80"],
  // RFC 7239 §6.3: a made-up port says nothing.
  ["192.0.2.1:_port", "192.0.2.1 0"],
  ["[::1]:_a.b-c", "::1 0"],
  ["unknown", undefined],
  ["_hidden", undefined],
  ["", undefined],
  ["192.0.2.1:", undefined],
  ["192.0.2.1:65536", undefined],
  ["192.0.2.1:999999", undefined],
  ["192.0.2.1:1:2", undefined],
  ["192.0.2.1 ", undefined],
  ["192.0.2", undefined],
  ["192.0.2.256", undefined],
  ["0300.0.2.1", undefined],
  ["[::1", undefined],
  ["::1]", undefined],
  ["[]", undefined],
  ["fe80::1%eth0", undefined],
  ["[fe80::1%25eth0]", undefined],
  ["app.example.org", undefined],
  ["192.0.2.1\n", undefined],
];

for (const [text, expected] of NODES) {
  Deno.test(`parseNode: RFC 7239 §6, ${JSON.stringify(text)} is ${expected ?? "nothing"}`, () => {
    const node = parseNode(text);
    assert.equal(node && `${node.ip} ${node.port}`, expected);
  });
}

const ELEMENTS: readonly [text: string, told: readonly (string | undefined)[] | undefined][] = [
  // The examples of RFC 7239 §4.
  ["for=192.0.2.43", ["192.0.2.43", undefined, undefined]],
  ['For="[2001:db8:cafe::17]:4711"', ["2001:db8:cafe::17", undefined, undefined]],
  ["for=192.0.2.60;proto=http;by=203.0.113.43", ["192.0.2.60", undefined, "http"]],
  ['for="_gazonk"', [undefined, undefined, undefined]],
  ["for=unknown;host=a.b", [undefined, "a.b", undefined]],
  ['for=192.0.2.1;host="a.b:8443";proto=https', ["192.0.2.1", "a.b:8443", "https"]],
  ['FOR="192.0.2.1:80";HOST="a\\"b"', ["192.0.2.1", 'a"b', undefined]],
  ["for=192.0.2.1 ; \tproto=https", ["192.0.2.1", undefined, "https"]],
  ["ext=1;for=192.0.2.1", ["192.0.2.1", undefined, undefined]],
  ['proto=""', [undefined, undefined, ""]],
  ["", [undefined, undefined, undefined]],
  ["for=192.0.2.1;for=192.0.2.2", undefined],
  ["for=192.0.2.1;FOR=192.0.2.1", undefined],
  ["for=", undefined],
  ["for", undefined],
  ["for = 192.0.2.1", undefined],
  ["for=192.0.2.1;", undefined],
  ["for=192.0.2.1,proto=http", undefined],
  ["for=[::1]", undefined],
  ['for="192.0.2.1', undefined],
  ['for="192.0.2.1"x', undefined],
  [';for="192.0.2.1"', undefined],
];

for (const [text, told] of ELEMENTS) {
  Deno.test(`parseForwardedElement: RFC 7239 §4, ${text} is ${told ?? "refused"}`, () => {
    const element = parseForwardedElement(text);
    assert.deepEqual(element && [element.client?.ip, element.host, element.proto], told);
  });
}

const SEED = 20260412;

Deno.test(`entriesFromRight: what stands behind a comma is read alike behind anything, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const parts = ['"', ",", "\\", ";", "=", " ", "for", "[", "]", ":", "1.2.3.4", "x"];
  const tails = ["for=192.0.2.1", 'for="[2001:db8::1]:80";host="a,b"', "10.0.0.1", 'a="\\",\\""'];
  for (let round = 0; round < 20_000; round++) {
    const strange = Array.from({ length: random.below(12) }, () => random.pick(parts)).join("");
    const tail = random.pick(tails);
    const [last] = entriesFromRight(`${strange}, ${tail}`);
    assert.equal(last, tail, strange);
    assert.doesNotThrow(() => [...entriesFromRight(strange)].map(parseForwardedElement), strange);
  }
});

Deno.test(`parseNode: any text gives an address in its one spelling, or nothing, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const parts = ["1", "255", ".", ":", "::", "[", "]", "ffff", "_", "x", "80", " ", "%", '"'];
  let found = 0;
  for (let round = 0; round < 50_000; round++) {
    const text = Array.from({ length: random.below(14) }, () => random.pick(parts)).join("");
    const node = parseNode(text);
    if (node === undefined) continue;
    found++;
    assert(isIP(node.ip) !== 0 && node.port <= 65_535, text);
    assert.equal(unmapIpv4(node.ip), node.ip, text);
    assert.deepEqual(parseNode(node.ip), { ip: node.ip, port: 0 }, text);
  }
  assert(found > 100, String(found));
});

Deno.test("parseForwardedElement: 64 KiB of parameters, quotes or backslashes take no time", () => {
  const size = 64 * 1024;
  const parameters = Array.from({ length: size / 8 }, (_, n) => `p${n}=1`).join(";");
  const startedMs = performance.now();
  for (
    const text of [
      parameters,
      `for="${"\\".repeat(size)}`,
      '"'.repeat(size),
      'a="\\"'.repeat(9_999),
    ]
  ) {
    parseForwardedElement(text);
    for (const _ of entriesFromRight(text));
  }
  // A hundred times what it takes, and a hundredth of what squares would.
  assert(performance.now() - startedMs < 5_000);
});
