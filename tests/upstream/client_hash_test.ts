import assert from "node:assert/strict";
import { hashBytes, hashClient, mixBits } from "../../lib/upstream/client_hash.ts";
import { Random } from "../support/random.ts";

/** Clients that must have the same number, and one that must have another. */
const SAME: readonly [one: string, other: string, stranger: string][] = [
  ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"],
  ["2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:2::1"],
  ["fe80::1", "fe80::2", "fe80:0:0:1::1"],
];

for (const [one, other, stranger] of SAME) {
  Deno.test(`hashClient: ${one} is ${other} and not ${stranger}`, () => {
    assert.equal(hashClient(one), hashClient(other));
    assert.notEqual(hashClient(one), hashClient(stranger));
  });
}

Deno.test("hashClient: is the same for ever, or clients would move with an update", () => {
  assert.deepEqual(["127.0.0.1", "2001:db8::1"].map(hashClient), [0xf3e4adf6, 0x195607cc]);
});

Deno.test("hashClient: what is no address has a number, too", () => {
  for (const text of ["", "nobody", "1.2.3", "fe80::1%eth0"]) assert.equal(hashClient(text), 0);
});

Deno.test("hashBytes: looks at nothing but its bytes", () => {
  const bytes = Uint8Array.of(9, 1, 2, 3, 9);
  assert.equal(hashBytes(bytes, 1, 4), hashBytes(Uint8Array.of(1, 2, 3), 0, 3));
});

Deno.test("mixBits: changes half of the bits for each that changes, seed 5", () => {
  const random = new Random(5);
  let flipped = 0;
  for (let time = 0; time < 3_200; time++) {
    const value = random.below(2 ** 32);
    const other = (value ^ 1 << time % 32) >>> 0;
    const mixed = mixBits(value);
    assert.ok(mixed >= 0 && mixed < 2 ** 32);
    const difference = (mixed ^ mixBits(other)) >>> 0;
    flipped += difference.toString(2).replaceAll("0", "").length;
  }
  const mean = flipped / 3_200;
  assert.ok(mean > 15.5 && mean < 16.5, `${mean} bits`);
});
