import assert from "node:assert/strict";
import { type Libc, openLibc } from "../../lib/linux/libc.ts";
import {
  findReadOnlySegments,
  parseReadOnlySegments,
  PROGRAM_HEADER_BYTES,
} from "../../lib/linux/read_only_segments.ts";

const PAGE = 0x1000n;
const READ = 4;
const WRITE = 2;
const EXECUTE = 1;

/** Names of `p_type`, as readelf(1) has them. */
const TYPES = { PHDR: 6, LOAD: 1, TLS: 7, NOTE: 4, GNU_RELRO: 0x6474e552 } as const;

type Row = [type: keyof typeof TYPES, flags: number, address: bigint, bytes: bigint];

/** Where the kernel loaded the program: every address of a table is relative to it. */
const BASE = 0x5555_0000_0000n;

const PROGRAM_HEADERS: Row = ["PHDR", READ, 0x40n, 0x230n];

function encode(rows: readonly Row[]): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(rows.length * PROGRAM_HEADER_BYTES));
  rows.forEach(([type, flags, address, bytes], index) => {
    const at = index * PROGRAM_HEADER_BYTES;
    view.setUint32(at, TYPES[type], true);
    view.setUint32(at + 4, flags, true);
    view.setBigUint64(at + 16, address, true);
    // What the file holds may be less than what is loaded: the rest is zeros.
    view.setBigUint64(at + 32, bytes / 2n, true);
    view.setBigUint64(at + 40, bytes, true);
  });
  return view.buffer;
}

function parse(rows: readonly Row[], pageBytes = PAGE) {
  return parseReadOnlySegments({ at: BASE + 0x40n, bytes: encode(rows), pageBytes })
    .map(({ start, bytes }) => [start - BASE, bytes]);
}

const CASES: readonly {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly pageBytes?: bigint;
  readonly expected: readonly (readonly [bigint, bigint])[];
}[] = [
  {
    name: "constants and code, not what is written to",
    rows: [
      PROGRAM_HEADERS,
      ["LOAD", READ, 0n, 0x3000n],
      ["LOAD", READ | EXECUTE, 0x4000n, 0x8000n],
      ["LOAD", READ | WRITE, 0xc000n, 0x2000n],
    ],
    expected: [[0n, 0x3000n], [0x4000n, 0x8000n]],
  },
  {
    name: "only whole pages: a part may belong to a neighbour",
    rows: [PROGRAM_HEADERS, ["LOAD", READ, 0x1800n, 0x3000n]],
    expected: [[0x2000n, 0x2000n]],
  },
  {
    name: "pages of 16 KiB, as some arm64 kernels have them",
    rows: [PROGRAM_HEADERS, ["LOAD", READ, 0x1000n, 0xf000n]],
    pageBytes: 0x4000n,
    expected: [[0x4000n, 0xc000n]],
  },
  {
    name: "a segment without a whole page is left out",
    rows: [PROGRAM_HEADERS, ["LOAD", READ, 0x100n, 0xeffn], ["LOAD", READ, 0x1800n, 0x900n]],
    expected: [],
  },
  {
    name: "what is not loaded is left out, and so are parts that the loader made read-only later",
    rows: [
      PROGRAM_HEADERS,
      ["TLS", READ, 0x1000n, 0x1000n],
      ["NOTE", READ, 0x2000n, 0x1000n],
      ["GNU_RELRO", READ, 0x3000n, 0x1000n],
    ],
    expected: [],
  },
  {
    name: "without its own place nothing is known",
    rows: [["LOAD", READ, 0n, 0x3000n]],
    expected: [],
  },
  { name: "no headers", rows: [], expected: [] },
];

for (const { name, rows, pageBytes, expected } of CASES) {
  Deno.test(`parseReadOnlySegments: ${name}`, () => {
    assert.deepEqual(parse(rows, pageBytes), expected);
  });
}

Deno.test("parseReadOnlySegments: a header that is cut short is not read", () => {
  const bytes = encode([PROGRAM_HEADERS, ["LOAD", READ, 0n, 0x3000n]]);
  const cut = bytes.slice(0, bytes.byteLength - 1);
  assert.deepEqual(parseReadOnlySegments({ at: BASE, bytes: cut, pageBytes: PAGE }), []);
});

Deno.test("findReadOnlySegments: a kernel that says nothing means none", () => {
  const silent = { getauxval: () => 0n } as unknown as Libc;
  assert.deepEqual(findReadOnlySegments(silent), []);
});

Deno.test({
  name: "findReadOnlySegments: this program has code and constants",
  ignore: typeof openLibc() === "string",
  fn() {
    const libc = openLibc();
    assert.ok(typeof libc !== "string");
    const segments = findReadOnlySegments(libc);
    const sum = segments.reduce((bytes, segment) => bytes + segment.bytes, 0n);
    assert.ok(sum > 32n * 1024n ** 2n, `${sum} bytes`);
    // The linker has put this function into the C library, not into the program.
    const elsewhere = BigInt(Deno.UnsafePointer.value(libc.__errno_location()));
    assert.ok(
      !segments.some(({ start, bytes }) => elsewhere >= start && elsewhere < start + bytes),
    );
  },
});
