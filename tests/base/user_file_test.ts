import assert from "node:assert/strict";
import { readUserFile, readUserText } from "../../lib/base/user_file.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const MAX_BYTES = 100_000;

Deno.test("readUserFile: reads what is not too large", async () => {
  using folder = makeTempFolder();
  for (const bytes of [0, 1, 65_536, MAX_BYTES]) {
    const path = folder.write("file", "x".repeat(bytes));
    assert.equal((await readUserFile(path, MAX_BYTES)).length, bytes);
  }
  assert.equal(await readUserText(folder.write("text", "grün"), 5), "grün");
});

Deno.test("readUserFile: refuses what is too large, no file, or has no end", async () => {
  using folder = makeTempFolder();
  const fifo = `${folder.path}/fifo`;
  const { success } = await new Deno.Command("mkfifo", { args: [fifo] }).output();
  assert.ok(success);
  const cases: readonly [path: string, reason: RegExp][] = [
    [folder.write("large", "x".repeat(MAX_BYTES + 1)), /^larger than 100000 bytes$/],
    [`${folder.path}/none`, /^no such file$/],
    [folder.path, /^not a regular file$/],
    [fifo, /^not a regular file$/],
    ["/dev/zero", /^not a regular file$/],
  ];
  for (const [path, reason] of cases) {
    await assert.rejects(readUserFile(path, MAX_BYTES), (error: Error) => {
      assert.match(error.message, reason);
      return true;
    });
  }
});
