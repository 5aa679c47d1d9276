import assert from "node:assert/strict";
import type { AlertDescription } from "../../lib/tls/alert.ts";
import { HELLO_MAX_BYTES } from "../../lib/base/limits.ts";
import { type ClientHello, parseClientHello } from "../../lib/tls/client_hello.ts";
import {
  bigEndian,
  buildClientHello,
  type ClientHelloOptions,
  type HelloExtension,
  serverNameExtension,
  splitIntoRecords,
  vector,
} from "../support/client_hello_builder.ts";
import { readHelloVectors } from "../support/hello_vectors.ts";

const NAME = "app.example.org";
const utf8 = (text: string) => new TextEncoder().encode(text);
const extension = (type: number, ...data: number[]): HelloExtension => ({
  type,
  data: Uint8Array.from(data),
});

function hello(bytes: Uint8Array): ClientHello {
  const result = parseClientHello(bytes);
  assert.equal(result.kind, "hello", JSON.stringify(result));
  return result as ClientHello;
}

Deno.test("parseClientHello reads the hellos of real clients", () => {
  const vectors = readHelloVectors();
  assert.ok(vectors.length >= 12);
  for (const { file, serverName, isTls13, bytes } of vectors) {
    const result = hello(bytes);
    assert.equal(result.serverName, serverName, file);
    assert.equal(result.supportedVersions.includes(0x0304), isTls13, file);
    assert.equal(result.bytes, bytes.length, file);
  }
});

Deno.test("parseClientHello says more for every strict prefix of a real hello", () => {
  for (const { file, bytes } of readHelloVectors()) {
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(parseClientHello(bytes.subarray(0, length)).kind, "more", `${file} ${length}`);
    }
  }
});

Deno.test("parseClientHello gives every field", () => {
  const bytes = buildClientHello({
    serverName: NAME,
    alpn: ["h2", "http/1.1"],
    supportedVersions: [0x7a7a, 0x0304],
    recordVersion: 0x0302,
  });
  assert.deepEqual(parseClientHello(bytes), {
    kind: "hello",
    serverName: NAME,
    supportedVersions: [0x7a7a, 0x0304],
    legacyVersion: 0x0303,
    recordVersion: 0x0302,
    isEchOffered: false,
    bytes: bytes.length,
  });
});

Deno.test("parseClientHello leaves what follows the hello alone", () => {
  const bytes = buildClientHello({ serverName: NAME });
  const followed = Uint8Array.of(...bytes, 20, 3, 3, 0, 1, 1, 23, 3, 3);
  assert.equal(hello(followed).bytes, bytes.length);
});

const ACCEPTED: [string, ClientHelloOptions, Partial<ClientHello>][] = [
  ["no extension block", { withoutExtensions: true }, { serverName: undefined }],
  ["an empty extension block", { supportedVersions: [] }, { supportedVersions: [] }],
  ["SSL 3.0", { legacyVersion: 0x0300, recordVersion: 0x0300 }, { legacyVersion: 0x0300 }],
  ["TLS 1.0 with a name", { legacyVersion: 0x0301, serverName: NAME }, { serverName: NAME }],
  ["a session ID of 32 bytes", { sessionId: new Uint8Array(32), serverName: NAME }, {
    serverName: NAME,
  }],
  ["capitals and a final dot as sent", { serverName: "App.Example.ORG." }, {
    serverName: "App.Example.ORG.",
  }],
  ["an IP literal as sent", { serverName: "192.0.2.7" }, { serverName: "192.0.2.7" }],
  ["controls other than NUL as sent", { serverName: "a\x07\x1b[31mb" }, {
    serverName: "a\x07\x1b[31mb",
  }],
  ["a name of 255 bytes", { serverName: "a".repeat(255) }, { serverName: "a".repeat(255) }],
  ["an ALPN list that is none, for whoever ends TLS to refuse", {
    serverName: NAME,
    extensions: [extension(16, 0, 9, 3, 0x68)],
  }, { serverName: NAME }],
  [
    "GREASE extensions",
    { serverName: NAME, extensions: [extension(0x0a0a), extension(0xfafa, 0)] },
    {
      serverName: NAME,
    },
  ],
  ["ECH with the outer name", { serverName: NAME, extensions: [extension(0xfe0d, 0, 1, 2)] }, {
    serverName: NAME,
    isEchOffered: true,
  }],
  ["a post-quantum size", { serverName: NAME, padTo: 1800 }, { serverName: NAME }],
  ["a message of three full records", { serverName: NAME, padTo: 40_000 }, { serverName: NAME }],
];

for (const [what, options, expected] of ACCEPTED) {
  Deno.test(`parseClientHello accepts ${what}`, () => {
    const result = hello(buildClientHello(options));
    for (const [key, value] of Object.entries(expected)) {
      assert.deepEqual(result[key as keyof ClientHello], value, key);
    }
  });
}

Deno.test("parseClientHello reads the same out of records of any size", () => {
  const options = { serverName: NAME, alpn: ["h2"] };
  const { bytes: _, ...whole } = hello(buildClientHello(options));
  for (const recordSplit of [1, 2, 3, 4, 5, 7, 32, 60, 61, 62, 63, 64, 100, 127]) {
    const bytes = buildClientHello({ ...options, recordSplit });
    assert.deepEqual(hello(bytes), { ...whole, bytes: bytes.length }, `${recordSplit}`);
  }
});

Deno.test("parseClientHello freezes the list that hellos share", () => {
  const { supportedVersions } = hello(buildClientHello({ supportedVersions: [] }));
  assert.equal(Object.isFrozen(supportedVersions), true);
});

Deno.test("parseClientHello keeps nothing of the bytes: they may be written over afterwards", () => {
  for (const recordSplit of [16_384, 50]) {
    const bytes = buildClientHello({ serverName: NAME, alpn: ["h3", "x"], recordSplit });
    const result = hello(bytes);
    const before = structuredClone(result);
    bytes.fill(0);
    assert.deepEqual(result, before);
  }
});

const namePair = vector(2, [
  0,
  ...vector(2, utf8("a.example")),
  0,
  ...vector(2, utf8("b.example")),
]);

/** Extensions that make a hello malformed, with the alert that says so. */
const BAD_EXTENSIONS: [string, HelloExtension[], AlertDescription][] = [
  ["server_name twice", [serverNameExtension("a"), serverNameExtension("b")], "illegal_parameter"],
  ["an assigned extension twice", [extension(35), extension(35)], "illegal_parameter"],
  [
    "a repetition of 23 after others",
    [23, 10, 23].map((type) => extension(type)),
    "illegal_parameter",
  ],
  [
    "a repetition of 51 after others",
    [51, 45, 51].map((type) => extension(type)),
    "illegal_parameter",
  ],
  ["type 0x3f twice", [extension(0x3f), extension(0x3f)], "illegal_parameter"],
  ["an unassigned extension twice", [extension(0xff01), extension(0xff01)], "illegal_parameter"],
  ["two host_names", [extension(0, ...namePair)], "decode_error"],
  ["an unknown name type", [extension(0, ...vector(2, [1, 0, 1, 0x61]))], "decode_error"],
  ["an empty server_name", [extension(0)], "decode_error"],
  ["an empty list of names", [extension(0, 0, 0)], "decode_error"],
  ["an empty name", [serverNameExtension("")], "decode_error"],
  ["a name of 256 bytes", [serverNameExtension("a".repeat(256))], "decode_error"],
  ["a name longer than its list", [extension(0, 0, 4, 0, 0, 9, 0x61)], "decode_error"],
  ["a name that leads out of its list", [extension(0, 0, 4, 0, 0, 2, 0x61, 0x62)], "decode_error"],
  ["a list longer than its extension", [extension(0, 0, 9, 0, 0, 1, 0x61)], "decode_error"],
  ["bytes after the name", [extension(0, 0, 5, 0, 0, 1, 0x61, 0)], "decode_error"],
  ["bytes after the list of names", [extension(0, 0, 4, 0, 0, 1, 0x61, 0)], "decode_error"],
  ["NUL in the name", [serverNameExtension("a.example\0.b.example")], "illegal_parameter"],
  ["a name outside ASCII", [serverNameExtension("bücher.example")], "illegal_parameter"],
  ["no versions", [extension(43, 0)], "decode_error"],
  ["half a version", [extension(43, 3, 3, 4, 3)], "decode_error"],
  ["bytes after the versions", [extension(43, 2, 3, 4, 0)], "decode_error"],
];

for (const [what, extensions, alert] of BAD_EXTENSIONS) {
  Deno.test(`parseClientHello refuses ${what}`, () => {
    const result = parseClientHello(buildClientHello({ supportedVersions: [], extensions }));
    assert.deepEqual([result.kind, "alert" in result && result.alert], ["malformed", alert]);
  });
}

const BODY = [3, 3, ...new Uint8Array(32)];
const SUITES = [0, 2, 0x13, 1];
const COMPRESSION = [1, 0];

/** Bodies of the message that are malformed, whatever the extensions hold. */
const BAD_BODIES: [string, number[]][] = [
  ["no body", []],
  ["a version only", [3, 3]],
  ["a random cut short", BODY.slice(0, 33)],
  ["a session ID cut short", [...BODY, 4, 1]],
  ["a session ID of 33 bytes", [...BODY, 33, ...new Uint8Array(33), ...SUITES, ...COMPRESSION]],
  ["no cipher suites", [...BODY, 0, 0, 0, ...COMPRESSION]],
  ["half a cipher suite", [...BODY, 0, 0, 3, 1, 2, 3, ...COMPRESSION]],
  ["no compression methods", [...BODY, 0, ...SUITES, 0]],
  ["one byte of extensions", [...BODY, 0, ...SUITES, ...COMPRESSION, 0]],
  ["extensions shorter than they say", [...BODY, 0, ...SUITES, ...COMPRESSION, 0, 5, 0, 9, 0, 0]],
  ["extensions longer than they say", [...BODY, 0, ...SUITES, ...COMPRESSION, 0, 4, 0, 9, 0, 0, 0]],
  ["half an extension header", [...BODY, 0, ...SUITES, ...COMPRESSION, 0, 3, 0, 9, 0]],
  ["an extension longer than its block", [...BODY, 0, ...SUITES, ...COMPRESSION, 0, 4, 0, 9, 0, 1]],
];

for (const [what, body] of BAD_BODIES) {
  Deno.test(`parseClientHello refuses ${what}`, () => {
    const result = parseClientHello(splitIntoRecords([1, ...vector(3, body)]));
    assert.deepEqual([result.kind, "alert" in result && result.alert], [
      "malformed",
      "decode_error",
    ]);
  });
}

Deno.test("parseClientHello accepts the body that the bad ones are made from", () => {
  hello(splitIntoRecords([1, ...vector(3, [...BODY, 0, ...SUITES, ...COMPRESSION])]));
});

/** The first bytes that settle the matter, and what they settle. One byte less is `more`. */
const EARLY: [string, number[], string][] = [
  ["HTTP", [0x47], "not_tls"],
  ["an SSL 2.0 hello", [0x80], "not_tls"],
  ["an alert", [21], "not_tls"],
  ["another major version", [22, 2], "not_tls"],
  ["an empty record", [22, 3, 1, 0, 0], "malformed unexpected_message"],
  ["a record of 16385 bytes", [22, 3, 1, 0x40, 1], "malformed record_overflow"],
  ["a ServerHello", [22, 3, 1, 0, 100, 2], "malformed unexpected_message"],
  ["a length over the limit", [22, 3, 1, 0, 100, 1, 1, 0, 0], "too_large"],
  [
    "a message shorter than its record",
    [22, 3, 1, 0, 9, 1, 0, 0, 4],
    "malformed unexpected_message",
  ],
  ["another record type inside", [22, 3, 1, 0, 1, 1, 23], "malformed unexpected_message"],
  ["another major version inside", [22, 3, 1, 0, 1, 1, 22, 2], "malformed protocol_version"],
];

for (const [what, bytes, expected] of EARLY) {
  Deno.test(`parseClientHello refuses ${what} at the first byte that shows it`, () => {
    const result = parseClientHello(Uint8Array.from(bytes));
    const alert = "alert" in result ? ` ${result.alert}` : "";
    assert.equal(result.kind + alert, expected);
    assert.equal(parseClientHello(Uint8Array.from(bytes.slice(0, -1))).kind, "more");
  });
}

Deno.test("parseClientHello takes a hello of exactly maxBytes and none that is one byte longer", () => {
  for (const recordSplit of [16_384, 100]) {
    const bytes = buildClientHello({ serverName: NAME, padTo: 1000, recordSplit });
    const at = (maxBytes: number) => parseClientHello(bytes, { maxBytes }).kind;
    assert.deepEqual([at(bytes.length), at(bytes.length - 1)], ["hello", "too_large"]);
  }
});

Deno.test("parseClientHello has a default limit of HELLO_MAX_BYTES", () => {
  // Four records of 5 bytes of header each.
  const longest = HELLO_MAX_BYTES - 4 * 5;
  assert.equal(parseClientHello(buildClientHello({ padTo: longest })).kind, "hello");
  assert.equal(parseClientHello(buildClientHello({ padTo: longest + 1 })).kind, "too_large");
});

Deno.test("parseClientHello never asks for more than maxBytes", () => {
  for (const recordSplit of [1, 10, 300]) {
    const bytes = buildClientHello({ padTo: 2000, recordSplit });
    for (const maxBytes of [64, 65, 100, 333, 1500]) {
      assert.equal(parseClientHello(bytes.subarray(0, maxBytes), { maxBytes }).kind, "too_large");
    }
  }
});

Deno.test("parseClientHello refuses a record over maxBytes by its header, whatever is in it", () => {
  const bytes = Uint8Array.of(22, 3, 1, 0, 96, 1, 0, 0, 4, ...new Uint8Array(92));
  for (let length = 5; length <= bytes.length; length++) {
    assert.equal(parseClientHello(bytes.subarray(0, length), { maxBytes: 100 }).kind, "too_large");
  }
});

Deno.test("parseClientHello takes 2048 records and not one more", () => {
  const at = (padTo: number) => parseClientHello(buildClientHello({ padTo, recordSplit: 1 })).kind;
  assert.deepEqual([at(2048), at(2049)], ["hello", "too_large"]);
});

Deno.test("parseClientHello judges 16,000 different extensions without comparing all with all", () => {
  const extensions = Array.from({ length: 16_000 }, (_, index) => extension(1000 + index));
  assert.equal(parseClientHello(buildClientHello({ extensions })).kind, "hello");
  const repeated = [...extensions, extension(1000)];
  assert.equal(parseClientHello(buildClientHello({ extensions: repeated })).kind, "malformed");
});

Deno.test("parseClientHello never says more after a final word", () => {
  const message = [1, ...bigEndian(4, 3), 3, 3, 0, 0];
  const bytes = [...splitIntoRecords(message), ...new Uint8Array(100)];
  for (let length = message.length + 5; length < bytes.length; length++) {
    assert.equal(parseClientHello(Uint8Array.from(bytes.slice(0, length))).kind, "malformed");
  }
});
