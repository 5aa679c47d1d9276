import assert from "node:assert/strict";
import { ERRNO, errnoText, isExhausted, LastError } from "../../lib/linux/errno.ts";
import { openLibc } from "../../lib/linux/libc.ts";

const libc = openLibc();

Deno.test({
  name: "LastError: says why the last call failed",
  ignore: typeof libc === "string",
  fn() {
    if (typeof libc === "string") return;
    const lastError = new LastError(libc);
    assert.equal(libc.close(-1), -1);
    assert.equal(lastError.number, 9);
    const ends = new Int32Array(2);
    assert.equal(libc.pipe2(new Uint8Array(ends.buffer), 0o4000), 0);
    assert.equal(libc.read(ends[0], new Uint8Array(1), 1), -1);
    assert.equal(lastError.number, ERRNO.EAGAIN);
    for (const end of ends) assert.equal(libc.close(end), 0);
  },
});

Deno.test("errnoText: has words and the number", () => {
  assert.equal(errnoText(ERRNO.ECONNREFUSED), "Connection refused (os error 111)");
  assert.equal(errnoText(4_095), "System call failed (os error 4095)");
});

Deno.test("isExhausted: is true of what waiting may help against", () => {
  const exhausted = Object.entries(ERRNO).filter(([, number]) => isExhausted(number));
  assert.deepEqual(exhausted.map(([name]) => name), ["ENOMEM", "ENFILE", "EMFILE", "ENOBUFS"]);
});
