import assert from "node:assert/strict";
import { chooseEncoding } from "../../../lib/http/policy/accept_encoding.ts";

const CASES: readonly [values: string | readonly string[], chosen: string | undefined][] = [
  ["gzip, deflate, br, zstd", "br"],
  ["gzip", "gzip"],
  ["GZIP", "gzip"],
  ["x-gzip", "gzip"],
  ["br;q=0.5, gzip", "gzip"],
  ["br;q=1.000, gzip;q=0.999", "br"],
  ["br ; q=0.2 , gzip ; Q=0.8", "gzip"],
  ["*", "br"],
  ["*;q=0.5, br;q=0", "gzip"],
  ["*;q=0", undefined],
  ["br;q=0, gzip;q=0.0", undefined],
  ["identity", undefined],
  ["identity;q=0", undefined],
  ["identity;q=0, *", "br"],
  ["identity, gzip;q=0.5", undefined],
  ["identity;q=0.5, gzip;q=0.5", "gzip"],
  ["", undefined],
  [",, ,gzip", "gzip"],
  [["deflate", "gzip;q=0.1"], "gzip"],
  // A weight that is none makes the coding one that is not wanted.
  ["gzip;q=2", undefined],
  ["gzip;q=1.001", undefined],
  ["gzip;q=0.1234", undefined],
  ["gzip;q=-1", undefined],
  ["gzip;q=", undefined],
  ["gzip;level=9", undefined],
  ["gzip;q=1;q=0", undefined],
  ["gzipped, brotli", undefined],
];

for (const [values, chosen] of CASES) {
  Deno.test(`chooseEncoding: RFC 9110 §12.5.3, ${JSON.stringify(values)} is ${chosen}`, () => {
    const lines = [values].flat().map((value) => ["ACCEPT-Encoding", value] as const);
    assert.equal(chooseEncoding(lines, ["br", "gzip"]), chosen);
  });
}

Deno.test("chooseEncoding: what the client likes equally is ours to choose", () => {
  const headers = [["accept-encoding", "br, gzip"]] as const;
  assert.equal(chooseEncoding(headers, ["gzip", "br"]), "gzip");
  assert.equal(chooseEncoding(headers, ["gzip"]), "gzip");
  assert.equal(chooseEncoding(headers, []), undefined);
  assert.equal(chooseEncoding([], ["br", "gzip"]), undefined, "who says nothing gets it as it is");
});
