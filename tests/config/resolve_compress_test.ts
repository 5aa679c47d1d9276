import assert from "node:assert/strict";
import { pathsOf, policiesOf, policyMessagesOf } from "./policy_lines.ts";

const DEFAULT = { types: undefined, minBytes: 1_024, encodings: ["br", "gzip"] };
const CASES: readonly [keys: string, defaults: string, compress: unknown][] = [
  ["timeouts: {}", "{}", undefined],
  ["compress: true", "{}", DEFAULT],
  ["compress: false", "{ compress: true }", undefined],
  ["compress: off", "{ compress: true }", undefined],
  ["compress: true", "{ compress: { min_size: 2KiB } }", { ...DEFAULT, minBytes: 2_048 }],
  ["compress: { encodings: [gzip, gzip] }", "{}", { ...DEFAULT, encodings: ["gzip"] }],
  ["compress: { types: [Text/*, application/json] }", "{ compress: { min_size: 0B } }", {
    ...DEFAULT,
    types: ["text/*", "application/json"],
    minBytes: 0,
  }],
];

for (const [keys, defaults, compress] of CASES) {
  Deno.test(`resolveCompress of ${keys} with ${defaults}`, () => {
    assert.deepEqual(policiesOf(keys, defaults).compress, compress);
  });
}

Deno.test("resolveCompress: a path may switch it off", () => {
  const [path] = pathsOf("{ path: /x/*, compress: false }", "compress: true");
  assert.equal(path.policies.compress, undefined);
});

const WRONG: readonly [compress: string, told: string][] = [
  [
    "{ types: [text/event-stream] }",
    'Cannot use "text/event-stream" as "compress.types": events must not wait until there is ' +
    'something to compress, expected a media type such as "application/json" or "text/*"',
  ],
  [
    "{ types: [json] }",
    'Cannot use "json" as "compress.types": it is not a media type, expected a media type such as ' +
    '"application/json" or "text/*"',
  ],
  [
    "{ min_size: 1024 }",
    'Cannot use 1024 as "compress.min_size": unit is missing, expected a size such as "1KiB"',
  ],
  [
    "{ encodings: [zstd] }",
    'Cannot use "zstd" as "compress.encodings": value is not known, expected "br" or "gzip"',
  ],
  [
    "{ encodings: [] }",
    'Cannot use a list as "compress.encodings": it is empty, expected "br", "gzip" or both',
  ],
];

for (const [compress, told] of WRONG) {
  Deno.test(`resolveCompress refuses ${compress}`, () => {
    assert.deepEqual(policyMessagesOf(`compress: ${compress}`), [told]);
  });
}
