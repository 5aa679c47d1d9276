import assert from "node:assert/strict";
import {
  DYNAMIC_INDEX_START,
  STATIC_FIELDS,
} from "../../../../lib/http/http2/hpack/static_table.ts";

Deno.test("STATIC_FIELDS: RFC 7541 Appendix A has 61 fields, and the dynamic ones follow", () => {
  assert.equal(DYNAMIC_INDEX_START, 62);
  assert.equal(STATIC_FIELDS.length, 62);
  const places: readonly (readonly [number, string, string])[] = [
    [1, ":authority", ""],
    [2, ":method", "GET"],
    [7, ":scheme", "https"],
    [8, ":status", "200"],
    [14, ":status", "500"],
    [16, "accept-encoding", "gzip, deflate"],
    [28, "content-length", ""],
    [32, "cookie", ""],
    [38, "host", ""],
    [46, "location", ""],
    [54, "server", ""],
    [55, "set-cookie", ""],
    [61, "www-authenticate", ""],
  ];
  for (const [index, name, value] of places) assert.deepEqual(STATIC_FIELDS[index], [name, value]);
});

Deno.test("STATIC_FIELDS: names stand in their order, which is alphabetical from the 15th on", () => {
  const names = STATIC_FIELDS.slice(15).map(([name]) => name);
  // "accept" is the one that is not.
  assert.deepEqual(names.filter((name) => name !== "accept"), names.toSorted().slice(1));
  assert.equal(names.indexOf("accept"), 4);
});
