import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { Postern, posternPermissions } from "./postern.ts";
import { startProcess } from "./process.ts";
import { makeTempFolder } from "./temp_folder.ts";

/** Prints a ready line and exits with 3 on SIGTERM, as a stand-in for main.ts. */
const standIn = (ready: string) =>
  startProcess("sh", [
    "-c",
    `trap 'exit 3' TERM; echo '${ready}' >&2; while :; do sleep 0.01; done`,
  ], {
    readyLine: /ready/,
  });

async function makePostern(ready: string): Promise<Postern> {
  const folder = makeTempFolder();
  const configFile = folder.write("routes.yaml", "version: 1\n");
  return new Postern(await standIn(ready), { folder, configFile, stateFolder: folder.path });
}

Deno.test("Postern: reads the real addresses from the ready line", async () => {
  await using postern = await makePostern(
    "2026-11-21T12:00:00Z info postern: ready https=127.0.0.1:41231,[::1]:41232 http=127.0.0.1:41233",
  );
  deepStrictEqual(postern.https, [
    { kind: "tcp", hostname: "127.0.0.1", port: 41231 },
    { kind: "tcp", hostname: "::1", port: 41232 },
  ]);
  deepStrictEqual(postern.http, [{ kind: "tcp", hostname: "127.0.0.1", port: 41233 }]);
});

Deno.test("Postern: takes an empty list for a port 80 that is switched off", async () => {
  await using postern = await makePostern("ready https=127.0.0.1:41231 http=");
  deepStrictEqual(postern.http, []);
});

Deno.test("Postern: stop gives the exit code", async () => {
  await using postern = await makePostern("ready https=127.0.0.1:41231 http=");
  strictEqual(await postern.stop(), 3);
});

Deno.test("posternPermissions: are those of the postern task, and never all of them", () => {
  const permissions = posternPermissions();
  strictEqual(permissions.includes("--allow-net"), true);
  for (const permission of permissions) match(permission, /^--allow-(?!all)/);
});
