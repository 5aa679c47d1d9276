import assert from "node:assert/strict";
import { openLibc } from "../../lib/linux/libc.ts";

const MODULE = JSON.stringify(import.meta.resolve("../../lib/linux/libc.ts"));

async function openWith(...permissions: string[]): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-lock", ...permissions, "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const program = `import { openLibc } from ${MODULE}; console.log(typeof openLibc(), openLibc());`;
  await writer.write(new TextEncoder().encode(program));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout);
}

Deno.test("openLibc: without the permission it says so and does not ask", async () => {
  const expected = Deno.build.os === "linux" ? "FFI is not permitted" : "not Linux";
  assert.match(await openWith(), new RegExp(`^string ${expected}`));
});

Deno.test({
  name: "openLibc: system calls answer",
  ignore: typeof openLibc() === "string",
  fn() {
    const libc = openLibc();
    assert.ok(typeof libc !== "string");
    assert.equal(libc.getsockname(-1, new Uint8Array(28), new Uint8Array(4)), -1);
  },
});
