import assert from "node:assert/strict";
import { lockFolder } from "../../lib/state/folder_lock.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

Deno.test("lockFolder takes the folder of a process that was killed", async () => {
  using temp = makeTempFolder();
  const module = import.meta.resolve("../../lib/state/folder_lock.ts");
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", `${HOLD(module)}`, temp.path],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  await assert.rejects(lockFolder(temp.path), {
    kind: "busy",
    message: new RegExp(`${child.pid}`),
  });
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
  using _lock = await lockFolder(temp.path);
});

const HOLD = (module: string) => `
  import { lockFolder } from "${module}";
  globalThis.lock = await lockFolder(Deno.args[0]);
  console.log("locked");
  setInterval(() => {}, 1000);`;
