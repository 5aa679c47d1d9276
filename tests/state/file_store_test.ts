import assert from "node:assert/strict";
import { Counters } from "../../lib/base/counters.ts";
import { STATE_FILE_MAX_BYTES } from "../../lib/base/certificate_limits.ts";
import { createLog, silentLog } from "../../lib/base/log.ts";
import { openFileStore } from "../../lib/state/file_store.ts";
import { isTemporaryName } from "../../lib/state/write_file.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const open = (folder: string) =>
  openFileStore(folder, { log: silentLog, counters: new Counters() });
const mode = (path: string) => (Deno.statSync(path).mode! & 0o777).toString(8);

Deno.test("openFileStore makes folders of mode 700 and files of mode 600", async () => {
  using temp = makeTempFolder();
  const folder = `${temp.path}/deep/state`;
  using store = await open(folder);
  await store.write("certificates/a.pem", bytes("x"));
  await store.write("certificates/a.pem", bytes("y"));
  for (const path of [folder, `${folder}/certificates`]) assert.equal(mode(path), "700");
  assert.equal(mode(`${folder}/certificates/a.pem`), "600");
  assert.equal(mode(`${folder}/.lock`), "600");
});

Deno.test("openFileStore refuses a folder that others may write to, and leaves it as it is", async () => {
  using temp = makeTempFolder();
  Deno.chmodSync(temp.path, 0o777);
  await assert.rejects(open(temp.path), { kind: "denied", hint: /chmod 700/ });
  assert.equal(mode(temp.path), "777");
  assert.deepEqual([...Deno.readDirSync(temp.path)], []);
});

Deno.test("openFileStore refuses a folder in use, names the process, and takes it once it is free", async () => {
  using temp = makeTempFolder();
  const store = await open(temp.path);
  await assert.rejects(open(temp.path), {
    kind: "busy",
    message: `Cannot open the state folder "${temp.path}": process ${Deno.pid} uses it`,
  });
  store[Symbol.dispose]();
  using _again = await open(temp.path);
});

Deno.test("openFileStore removes temporary files of a crash and nothing else", async () => {
  using temp = makeTempFolder();
  const leftover = `.postern-${crypto.randomUUID()}.tmp`;
  temp.write(leftover, "half");
  temp.write(`certificates/${leftover}`, "half");
  temp.write("certificates/.mine", "keep");
  temp.write("certificates/a.pem", "keep");
  using store = await open(temp.path);
  const left = [...Deno.readDirSync(`${temp.path}/certificates`)].map((entry) => entry.name);
  assert.deepEqual(left.sort(), [".mine", "a.pem"]);
  assert.deepEqual(await store.list(""), ["certificates/a.pem"]);
  assert.equal(
    [...Deno.readDirSync(temp.path)].some((entry) => isTemporaryName(entry.name)),
    false,
  );
});

for (
  const { path, kind } of [
    { path: (folder: string) => `${folder}/file`, kind: "failed" },
    { path: (folder: string) => `${folder}/file/below`, kind: "failed" },
    { path: () => "/sys/postern", kind: "denied" },
  ] as const
) {
  Deno.test(`openFileStore says clearly why it cannot: ${path("<folder>")}`, async () => {
    using temp = makeTempFolder();
    temp.write("file", "");
    await assert.rejects(open(path(temp.path)), (error: Error & { hint: string; kind: string }) => {
      assert.equal(error.name, "StateError");
      assert.equal(error.kind, kind);
      assert.ok(error.message.startsWith(`Cannot open the state folder "${path(temp.path)}": `));
      assert.ok(error.hint.length > 0);
      return true;
    });
  });
}

Deno.test("FileStore.write that fails keeps the old content and leaves no temporary file", async () => {
  using temp = makeTempFolder();
  using store = await open(temp.path);
  await store.write("a", bytes("old"));
  // A folder in the way makes the last step, the rename, fail.
  Deno.mkdirSync(`${temp.path}/b`);
  temp.write("b/x", "");
  await assert.rejects(store.write("b", bytes("new")), { name: "StateError", kind: "failed" });
  await assert.rejects(store.write("a/c", bytes("new")), { name: "StateError", kind: "failed" });
  assert.deepEqual(await store.read("a"), bytes("old"));
  assert.deepEqual([...Deno.readDirSync(temp.path)].map((e) => e.name).sort(), [".lock", "a", "b"]);
});

Deno.test("FileStore.write shows readers the old or the new content, whoever writes", async () => {
  using temp = makeTempFolder();
  using store = await open(temp.path);
  const contents = ["a", "b", "c"].map((letter) => bytes(letter.repeat(50_000)));
  await store.write("x", contents[0]);
  let writing = true;
  const writers = Promise.all(contents.map(async (content) => {
    for (let turn = 0; turn < 10; turn++) await store.write("x", content);
  })).then(() => writing = false);
  while (writing) {
    const seen = (await store.read("x"))!;
    assert.ok(contents.some((content) => content.every((byte, at) => byte === seen[at])));
    assert.equal(seen.length, 50_000);
  }
  await writers;
});

Deno.test("FileStore.read refuses files over the limit, folders and FIFOs without waiting", async () => {
  using temp = makeTempFolder();
  using store = await open(temp.path);
  temp.write("large", new Uint8Array(STATE_FILE_MAX_BYTES + 1));
  temp.write("fits", new Uint8Array(STATE_FILE_MAX_BYTES));
  Deno.mkdirSync(`${temp.path}/folder`);
  await new Deno.Command("mkfifo", { args: [`${temp.path}/fifo`] }).output();
  await assert.rejects(store.read("large"), { kind: "too_large" });
  assert.equal((await store.read("fits"))!.length, STATE_FILE_MAX_BYTES);
  await assert.rejects(store.read("folder"), { kind: "failed", message: /not a regular file/ });
  await assert.rejects(store.read("fifo"), { kind: "failed", message: /not a regular file/ });
});

Deno.test("FileStore.setAside logs both names and the reason, and counts", async () => {
  using temp = makeTempFolder();
  const lines: string[] = [];
  const counters = new Counters();
  using store = await openFileStore(temp.path, {
    log: createLog({ write: (line) => lines.push(line) }),
    counters,
  });
  await store.write("c/a.pem", bytes("bad"));
  const aside = await store.setAside("c/a.pem", "no certificate in it");
  assert.equal(lines.length, 1);
  assert.ok(lines[0].includes(`file=${temp.path}/c/a.pem reason="no certificate in it"`), lines[0]);
  assert.ok(lines[0].includes(`now=${temp.path}/${aside}`), lines[0]);
  assert.equal(counters.get("state_set_aside"), 1);
  assert.equal(mode(`${temp.path}/${aside}`), "600");
});

/** A file system of 64 KiB, in a mount namespace of its own, where the kernel lets us. */
const SMALL_DISK = ["unshare", "--mount", "--user", "--map-root-user"];
const canMount = (() => {
  try {
    const [program, ...args] = [...SMALL_DISK, "mount", "-t", "tmpfs", "x", "/mnt"];
    return new Deno.Command(program, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
})();

Deno.test({
  name: "FileStore on a full disk says so, keeps what was saved, and recovers" +
    (canMount ? "" : " (skipped: cannot mount in a namespace of its own)"),
  ignore: !canMount,
  async fn() {
    using temp = makeTempFolder();
    const script = temp.write("full_disk.ts", FULL_DISK(import.meta.resolve("../../lib/")));
    const inside = 'mount -t tmpfs -o size=64k,mode=700 x /mnt && exec "$@"';
    const [program, ...args] = [...SMALL_DISK, "sh", "-c", inside, "sh"];
    const run = [Deno.execPath(), "run", "--quiet", "-A", "--no-config", script];
    const output = await new Deno.Command(program, { args: [...args, ...run] }).output();
    const [stdout, stderr] = [output.stdout, output.stderr].map((b) => new TextDecoder().decode(b));
    assert.equal(output.code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), {
      kind: "full",
      old: "old",
      files: [".lock", "a", "filler"],
      afterwards: "new",
    });
  },
});

const FULL_DISK = (lib: string) => `
  import { Counters } from "${lib}base/counters.ts";
  import { silentLog } from "${lib}base/log.ts";
  import { openFileStore } from "${lib}state/file_store.ts";
  const store = await openFileStore("/mnt", { log: silentLog, counters: new Counters() });
  const text = async () => new TextDecoder().decode(await store.read("a"));
  await store.write("a", new TextEncoder().encode("old"));
  try { await Deno.writeFile("/mnt/filler", new Uint8Array(100_000)); } catch { /* as meant */ }
  const result = { kind: "none" };
  try { await store.write("a", new Uint8Array(20_000)); } catch (error) { result.kind = error.kind; }
  result.old = await text();
  result.files = [...Deno.readDirSync("/mnt")].map((entry) => entry.name).sort();
  await Deno.remove("/mnt/filler");
  await store.write("a", new TextEncoder().encode("new"));
  result.afterwards = await text();
  console.log(JSON.stringify(result));`;
