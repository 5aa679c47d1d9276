import assert from "node:assert/strict";
import { PAGE_FILE_MAX_BYTES } from "../../../lib/base/limits.ts";
import type { MessagePolicies } from "../../../lib/config/message_policies.ts";
import { readPages } from "../../../lib/http/policy/page_files.ts";
import { readText } from "../../support/exchanges.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

function showing(files: Readonly<Record<string, string>>): MessagePolicies {
  return { errorPages: { files, intercept: false } };
}

function closedWith(pageFile: string | undefined): MessagePolicies {
  return { maintenance: { pageFile, retryAfterSeconds: 1, allow: [] } };
}

Deno.test("readPages: reads each file that is named, once", async () => {
  using folder = makeTempFolder();
  const paths = ["a.html", "b.txt", "c.html"]
    .map((name) => folder.write(name, `${folder.path}/${name} {status}`));
  const [a, b, c] = paths;
  const pages = await readPages([
    showing({ 404: a, "5xx": b }),
    closedWith(c),
    showing({ 500: a }),
  ]);
  assert.deepEqual([...pages.keys()], paths);
  for (const [path, page] of pages) {
    assert.equal(await readText(page.answer(404, "GET", [])), `${path} 404`);
  }
});

Deno.test("readPages: policies without pages need no file", async () => {
  assert.equal((await readPages([{}, showing({}), closedWith(undefined)])).size, 0);
});

Deno.test("readPages: takes a file of the largest size, and refuses a byte more", async () => {
  using folder = makeTempFolder();
  const file = folder.write("large.txt", new Uint8Array(PAGE_FILE_MAX_BYTES));
  assert.equal((await readPages([closedWith(file)])).size, 1);
  folder.write("large.txt", new Uint8Array(PAGE_FILE_MAX_BYTES + 1));
  await assert.rejects(
    readPages([closedWith(file)]),
    /Cannot read page ".*large\.txt": larger/,
  );
});

Deno.test("readPages: names the file that cannot be read", async () => {
  using folder = makeTempFolder();
  for (const path of [`${folder.path}/none.html`, folder.path]) {
    await assert.rejects(readPages([closedWith(path)]), (error: Error) => {
      return error.message.startsWith(`Cannot read page "${path}": `);
    });
  }
});
