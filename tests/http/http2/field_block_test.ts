import assert from "node:assert/strict";
import {
  HTTP2_CONTINUATIONS_MAX,
  HTTP2_FIELD_BLOCK_MAX_BYTES,
} from "../../../lib/base/http2_limits.ts";
import { ERROR_CODE, Http2Error } from "../../../lib/http/http2/error_codes.ts";
import { FieldBlock } from "../../../lib/http/http2/field_block.ts";

const calm = (error: unknown) =>
  error instanceof Http2Error && error.code === ERROR_CODE.enhanceYourCalm;

Deno.test("FieldBlock: joins its fragments, which may be overwritten meanwhile", () => {
  for (const sizes of [[3], [0, 0, 5], [1, 2, 3, 4], [16_384, 1, 16_384]]) {
    const block = new FieldBlock();
    const expected: number[] = [];
    for (const [index, size] of sizes.entries()) {
      const fragment = new Uint8Array(size).fill(index + 1);
      expected.push(...fragment);
      if (index === 0) block.open(7, fragment, true);
      else block.add(fragment);
      fragment.fill(0xff);
    }
    assert.deepEqual([block.isOpen, block.stream, block.endsStream], [true, 7, true]);
    assert.deepEqual([...block.close()], expected);
    assert.equal(block.isOpen, false);
  }
});

Deno.test("FieldBlock: one block after another, with nothing left of the one before", () => {
  const block = new FieldBlock();
  for (const stream of [1, 3]) {
    block.open(stream, Uint8Array.of(stream), stream === 3);
    block.add(Uint8Array.of(9));
    assert.equal(block.endsStream, stream === 3);
    assert.deepEqual([...block.close()], [stream, 9]);
  }
});

Deno.test("FieldBlock: CVE-2024-27316, so many CONTINUATION and not one more, however small", () => {
  const block = new FieldBlock();
  block.open(1, new Uint8Array(1), false);
  for (let count = 0; count < HTTP2_CONTINUATIONS_MAX; count++) block.add(new Uint8Array(0));
  assert.throws(() => block.add(new Uint8Array(0)), calm);
});

Deno.test("FieldBlock: so many bytes and not one more", () => {
  const block = new FieldBlock();
  const piece = new Uint8Array(16_384);
  block.open(1, piece, false);
  let bytes = piece.length;
  for (; bytes + piece.length <= HTTP2_FIELD_BLOCK_MAX_BYTES; bytes += piece.length) {
    block.add(piece);
  }
  assert.equal(bytes, HTTP2_FIELD_BLOCK_MAX_BYTES);
  assert.throws(() => block.add(new Uint8Array(1)), calm);
});
