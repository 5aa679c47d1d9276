import assert from "node:assert/strict";
import { ERROR_CODE, Http2Error } from "../../../../lib/http/http2/error_codes.ts";
import { FieldDecoder } from "../../../../lib/http/http2/hpack/field_decoder.ts";
import { encodeInteger, encodeText } from "../../../support/http2_frames.ts";
import { encodeHuffmanText } from "../../../support/slow_hpack.ts";

const OPTIONS = { tableBytesMax: 4096, listBytesMax: 65_536, fieldsMax: 256 };

const bytesOf = (hex: string) => Uint8Array.fromHex(hex.replaceAll(/\s/g, ""));

function makeDecoder(options: Partial<typeof OPTIONS> = {}): FieldDecoder {
  return new FieldDecoder({ ...OPTIONS, ...options });
}

function isCompressionError(error: unknown): boolean {
  return error instanceof Http2Error && error.code === ERROR_CODE.compressionError;
}

/** With indexing, and a literal name (RFC 7541 §6.2.1). */
function added(name: string, value: string): number[] {
  return [0x40, ...encodeText(name), ...encodeText(value)];
}

/** RFC 7541 Appendix C: blocks of one connection, with their fields as "name: value". */
interface Vector {
  readonly section: string;
  readonly tableBytes?: number;
  readonly blocks: readonly (readonly [hex: string, ...fields: string[]])[];
}

const REQUESTS = [
  [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
  [
    ":method: GET",
    ":scheme: http",
    ":path: /",
    ":authority: www.example.com",
    "cache-control: no-cache",
  ],
  [
    ":method: GET",
    ":scheme: https",
    ":path: /index.html",
    ":authority: www.example.com",
    "custom-key: custom-value",
  ],
] as const;

const RESPONSES = [
  [
    ":status: 302",
    "cache-control: private",
    "date: Mon, 21 Oct 2013 20:13:21 GMT",
    "location: https://www.example.com",
  ],
  [
    ":status: 307",
    "cache-control: private",
    "date: Mon, 21 Oct 2013 20:13:21 GMT",
    "location: https://www.example.com",
  ],
  [
    ":status: 200",
    "cache-control: private",
    "date: Mon, 21 Oct 2013 20:13:22 GMT",
    "location: https://www.example.com",
    "content-encoding: gzip",
    "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
  ],
] as const;

const VECTORS: readonly Vector[] = [
  {
    section: "C.2.1",
    blocks: [[
      "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
      "custom-key: custom-header",
    ]],
  },
  { section: "C.2.2", blocks: [["040c 2f73 616d 706c 652f 7061 7468", ":path: /sample/path"]] },
  {
    section: "C.2.3",
    blocks: [["1008 7061 7373 776f 7264 0673 6563 7265 74", "password: secret"]],
  },
  { section: "C.2.4", blocks: [["82", ":method: GET"]] },
  {
    section: "C.3",
    blocks: [
      ["8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", ...REQUESTS[0]],
      ["8286 84be 5808 6e6f 2d63 6163 6865", ...REQUESTS[1]],
      [
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
        ...REQUESTS[2],
      ],
    ],
  },
  {
    section: "C.4",
    blocks: [
      ["8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", ...REQUESTS[0]],
      ["8286 84be 5886 a8eb 1064 9cbf", ...REQUESTS[1]],
      ["8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf", ...REQUESTS[2]],
    ],
  },
  {
    section: "C.5",
    tableBytes: 256,
    blocks: [
      [
        `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
         2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70
         6c65 2e63 6f6d`,
        ...RESPONSES[0],
      ],
      ["4803 3330 37c1 c0bf", ...RESPONSES[1]],
      [
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d
         54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049
         5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e
         3d31`,
        ...RESPONSES[2],
      ],
    ],
  },
  {
    section: "C.6",
    tableBytes: 256,
    blocks: [
      [
        `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
         2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
        ...RESPONSES[0],
      ],
      ["4883 640e ffc1 c0bf", ...RESPONSES[1]],
      [
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab
         77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f
         9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
        ...RESPONSES[2],
      ],
    ],
  },
];

for (const { section, tableBytes, blocks } of VECTORS) {
  Deno.test(`FieldDecoder: RFC 7541 ${section}`, () => {
    const decoder = makeDecoder({ tableBytesMax: tableBytes ?? 4096 });
    for (const [hex, ...fields] of blocks) {
      const lines = decoder.decode(bytesOf(hex)) ?? [];
      assert.deepEqual(lines.map(([name, value]) => `${name}: ${value}`), fields);
    }
  });
}

const X = encodeText("x");
const MALFORMED: readonly (readonly [what: string, block: readonly number[]])[] = [
  ["§6.1: index 0", [0x80]],
  ["§2.3.3: an index beyond an empty table", encodeInteger(62, 7, 0x80)],
  ["§2.3.3: an index far beyond", encodeInteger(2 ** 28 - 1, 7, 0x80)],
  ["§2.3.3: an index beyond one entry", [...added("x", "y"), ...encodeInteger(63, 7, 0x80)]],
  ["§6.2.1: a name beyond the table", [...encodeInteger(62, 6, 0x40), ...X]],
  ["§6.2.2: a name beyond the table", [...encodeInteger(62, 4), ...X]],
  ["§6.2.3: a name beyond the table", [...encodeInteger(62, 4, 0x10), ...X]],
  ["§6.3: a table above its limit", encodeInteger(4097, 5, 0x20)],
  ["§6.3: a table far above its limit", encodeInteger(2 ** 28 - 1, 5, 0x20)],
  ["§4.2: a table's size behind an indexed field", [0x82, 0x20]],
  ["§4.2: a table's size behind a literal", [0x00, ...X, ...X, 0x3f, 0x00]],
  ["§5.1: an integer of more than four bytes", [0xff, 0x80, 0x80, 0x80, 0x80, 0x00]],
  ["§5.1: a length of more than four bytes", [
    ...[0x00, ...X, 0x7f, 0x80, 0x80, 0x80, 0x80, 0x00],
    ...new Array(127).fill(0x61),
  ]],
  ["§5.1: an integer that would be negative", [0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]],
  ["§5.1: an integer that breaks off", [0xff]],
  ["§5.1: an integer that breaks off in the middle", [0xff, 0x80, 0x80]],
  ["§5.2: no name", [0x40]],
  ["§5.2: no value", [0x40, ...X]],
  ["§5.2: no value for a known name", [0x41]],
  ["§5.2: a name that breaks off", [0x00, 0x05, 0x61]],
  ["§5.2: a value that breaks off", [0x00, ...X, 0x02, 0x61]],
  ["§5.2: a value that would be very long", [0x00, ...X, ...encodeInteger(2 ** 28 - 1, 7), 0x61]],
  ["§5.2: padding of eight ones", [0x00, ...X, 0x82, 0b00011_111, 0xff]],
  ["§5.2: padding of zeros", [0x00, ...X, 0x81, 0b00011_000]],
  ["§5.2: the end of string in a value", [0x00, ...X, 0x84, 0xff, 0xff, 0xff, 0xff]],
  ["§5.2: the end of string in a name", [0x00, 0x84, 0xff, 0xff, 0xff, 0xff, ...X]],
];
for (const [what, block] of MALFORMED) {
  Deno.test(`FieldDecoder: RFC 7541 ${what} is COMPRESSION_ERROR`, () => {
    const good = [0x82, 0x00, ...X, ...X];
    const isFirst = what.startsWith("§6.3");
    for (const bytes of isFirst ? [block] : [block, [...good, ...block]]) {
      assert.throws(() => makeDecoder().decode(Uint8Array.from(bytes)), isCompressionError);
    }
  });
}

Deno.test("FieldDecoder: every start of a good block is a shorter list, or COMPRESSION_ERROR", () => {
  const fields = [["custom-key", "custom-value"], ["x".repeat(200), "y".repeat(300)]] as const;
  const block = [
    ...encodeInteger(1000, 5, 0x20),
    ...[0x82, 0x86, 0x44, ...encodeHuffmanText("/sample/path")],
    ...fields.flatMap(([name, value]) => added(name, value)),
    ...[0xbe, 0x7f, 0x00, ...encodeText("again")],
  ];
  const whole = makeDecoder().decode(Uint8Array.from(block))!;
  assert.equal(whole.length, 7);
  for (let end = 0; end < block.length; end++) {
    try {
      const start = makeDecoder().decode(Uint8Array.from(block.slice(0, end)))!;
      assert.deepEqual(start, whole.slice(0, start.length));
      assert.ok(start.length < whole.length);
    } catch (error) {
      assert.ok(isCompressionError(error), `${end}`);
    }
  }
});

Deno.test("FieldDecoder: needless bytes of an integer are none, up to four", () => {
  const decoder = makeDecoder();
  const block = [0x00, ...X, 0x7f, 0x80, 0x80, 0x80, 0x00, ..."y".repeat(127)];
  const bytes = block.map((each) => typeof each === "string" ? each.charCodeAt(0) : each);
  assert.deepEqual(decoder.decode(Uint8Array.from(bytes)), [["x", "y".repeat(127)]]);
});

Deno.test("FieldDecoder: a field of a table is the table's own line", () => {
  const decoder = makeDecoder();
  const [first] = decoder.decode(Uint8Array.from(added("x", "y")))!;
  const indexed = Uint8Array.of(0xbe, 0x82, 0xbe);
  const [again, method, third] = decoder.decode(indexed)!;
  assert.ok(again === first && third === first);
  assert.ok(method === decoder.decode(indexed)![1]);
});

Deno.test("FieldDecoder: names and values come as they are, one character per byte", () => {
  const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");
  for (const encode of [encodeText, encodeHuffmanText]) {
    const block = Uint8Array.from([0x40, ...encode(all), ...encode(all), 0xbe]);
    assert.deepEqual(makeDecoder().decode(block), [[all, all], [all, all]]);
  }
});

Deno.test("FieldDecoder: the block is not kept, nor what lies around it", () => {
  const decoder = makeDecoder();
  const buffer = Uint8Array.from([0xff, ...added("name", "value"), 0xff]);
  const fields = decoder.decode(buffer.subarray(1, buffer.length - 1));
  buffer.fill(0x61);
  assert.deepEqual(fields, [["name", "value"]]);
  assert.deepEqual(decoder.decode(Uint8Array.of(0xbe)), [["name", "value"]]);
});

Deno.test("FieldDecoder: RFC 7541 §4.2, several sizes at the start, and what they evict", () => {
  const decoder = makeDecoder();
  decoder.decode(Uint8Array.from([...added("a", "1"), ...added("b", "2")]));
  const sizes = [...encodeInteger(34, 5, 0x20), ...encodeInteger(4096, 5, 0x20)];
  assert.deepEqual(decoder.decode(Uint8Array.from([...sizes, 0xbe])), [["b", "2"]]);
  assert.throws(() => decoder.decode(Uint8Array.of(0xbf)), isCompressionError);
});

Deno.test("FieldDecoder: a table may be as large as was allowed, and is 4096 before it is made larger", () => {
  const field = added("x", "y".repeat(4000));
  const decoder = makeDecoder({ tableBytesMax: 8192 });
  decoder.decode(Uint8Array.from([...field, ...field]));
  assert.throws(() => decoder.decode(Uint8Array.of(0xbf)), isCompressionError);
  const larger = makeDecoder({ tableBytesMax: 8192 });
  larger.decode(Uint8Array.from([...encodeInteger(8192, 5, 0x20), ...field, ...field]));
  assert.equal(larger.decode(Uint8Array.of(0xbf))?.length, 1);
  const none = makeDecoder({ tableBytesMax: 0 });
  assert.equal(none.decode(Uint8Array.from([0x20, ...field]))?.length, 1);
  assert.throws(() => none.decode(Uint8Array.of(0xbe)), isCompressionError);
});

Deno.test("FieldDecoder: RFC 7541 §4.4, a name may be of an entry that its own field evicts", () => {
  const decoder = makeDecoder({ tableBytesMax: 40 });
  const block = [...added("name", "1"), 0x7e, ...encodeText("2"), 0xbe];
  assert.deepEqual(decoder.decode(Uint8Array.from(block)), [
    ["name", "1"],
    ["name", "2"],
    ["name", "2"],
  ]);
});

Deno.test("FieldDecoder: RFC 9113 §10.5.1, a list over its limit is none, and the table goes on", () => {
  const field = added("name", "value");
  const line = ["name", "value"];
  const three = Uint8Array.from([...field, 0xbe, 0xbe]);
  // Each counts 4 + 5 + 32.
  assert.deepEqual(makeDecoder({ listBytesMax: 123 }).decode(three), [line, line, line]);
  assert.deepEqual(makeDecoder({ fieldsMax: 3 }).decode(three), [line, line, line]);
  for (const options of [{ listBytesMax: 122 }, { fieldsMax: 2 }]) {
    const decoder = makeDecoder(options);
    assert.equal(decoder.decode(three), undefined);
    assert.equal(
      decoder.decode(Uint8Array.from([0x82, 0x82, 0x82, ...added("n", "2")])),
      undefined,
    );
    assert.deepEqual(decoder.decode(Uint8Array.of(0xbf, 0xbe)), [line, ["n", "2"]]);
  }
});

Deno.test("FieldDecoder: nothing is kept of a list over its limit, however long it becomes", () => {
  const decoder = makeDecoder();
  decoder.decode(Uint8Array.from(added("x", "y".repeat(4000))));
  // 400 MB, if each of them counted.
  const bomb = new Uint8Array(100_000).fill(0xbe);
  assert.equal(decoder.decode(bomb), undefined);
  assert.throws(() => decoder.decode(Uint8Array.from([...bomb, 0x80])), isCompressionError);
});

Deno.test("FieldDecoder: an empty block is an empty list", () => {
  assert.deepEqual(makeDecoder().decode(new Uint8Array(0)), []);
  assert.deepEqual(makeDecoder().decode(Uint8Array.of(0x20)), []);
});

const UNSOUND: readonly (readonly [name: string, value: string, isSound: boolean])[] = [
  ["x", "y", true],
  [":path", "/", true],
  ["X", "y", false],
  ["x", "y\n", false],
  ["x", " y", false],
  ["x y", "", false],
];
for (const [name, value, isSound] of UNSOUND) {
  Deno.test(`FieldDecoder: ${JSON.stringify([name, value])} is ${isSound ? "" : "not "}sound`, () => {
    for (const first of [0x40, 0x00, 0x10]) {
      const decoder = makeDecoder();
      assert.equal(decoder.areSound, true);
      const block = [first, ...encodeText(name), ...encodeText(value)];
      decoder.decode(Uint8Array.from(block));
      assert.equal(decoder.areSound, isSound);
      // It may be in the table, from where it can come at any time.
      decoder.decode(Uint8Array.from(added("x", "y")));
      assert.equal(decoder.areSound, isSound);
    }
  });
}

Deno.test("FieldDecoder: a field beyond the limit of its list is looked at as well", () => {
  const decoder = makeDecoder({ fieldsMax: 1 });
  decoder.decode(Uint8Array.from([0x82, 0x82, ...added("x", "a\rb")]));
  assert.equal(decoder.areSound, false);
});
