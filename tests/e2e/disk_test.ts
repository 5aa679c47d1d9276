import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { formatAddress } from "../../lib/base/addresses.ts";
import { SAVE_RETRY_MS } from "../../lib/base/certificate_limits.ts";
import { type BrokenUpstream, startBrokenUpstream } from "../support/broken_upstream.ts";
import { curl } from "../support/curl.ts";
import { withDeadline } from "../support/deadline.ts";
import { findFreePort } from "../support/free_port.ts";
import { testWithPrograms } from "../support/installed.ts";
import { PEBBLE_PROGRAMS, startPebble } from "../support/pebble.ts";
import { type Postern, posternPermissions } from "../support/postern.ts";
import { startProcess } from "../support/process.ts";
import { makeConfig, offloadTo, startWithRoutes } from "../support/routes.ts";
import { shownCertificate } from "../support/shown_certificate.ts";
import { mountSmallDisk, testWithDisks } from "../support/small_disk.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/**
 * Starts `postern run` on a state folder that it cannot use.
 *
 * @param prefix A program, with its options, that starts it.
 * @returns Its exit code and log.
 */
async function runOn(
  stateFolder: string,
  prefix: readonly string[] = ["env"],
): Promise<{ code: number; log: string[] }> {
  using folder = makeTempFolder();
  const config = folder.write("routes.yaml", makeConfig([offloadTo("a.example", "sample")]));
  const [program, ...options] = prefix;
  await using process = await startProcess(program, [
    ...[...options, Deno.execPath(), "run", "--quiet", ...posternPermissions(), MAIN, "run"],
    ...["--config", config, "--state", stateFolder],
  ]);
  const { code } = await withDeadline(process.exited, 20_000, () => process.describe());
  deepStrictEqual(process.stdout, []);
  return { code, log: process.stderr };
}

/** How a start that failed for its state folder looks: one line. */
function checkRefused({ code, log }: { code: number; log: string[] }, why: RegExp, hint: RegExp) {
  strictEqual(code, 1);
  strictEqual(log.length, 1, log.join("\n"));
  match(log[0], / error Cannot start error="/);
  match(log[0].replaceAll('\\"', '"'), why);
  match(log[0], hint);
}

Deno.test("disk: a state folder below a file cannot be made, exit code 1", async () => {
  using folder = makeTempFolder();
  const path = `${folder.write("file", "")}/state`;
  const why = new RegExp(`Cannot open the state folder "${path}": .*Not a directory`, "i");
  checkRefused(await runOn(path), why, / hint="check this path, or name another /);
});

Deno.test("disk: a file in place of the state folder is refused, exit code 1", async () => {
  using folder = makeTempFolder();
  const path = folder.write("state", "precious");
  const why = new RegExp(`Cannot open the state folder "${path}": `);
  checkRefused(await runOn(path), why, / hint="check this path, or name another /);
  strictEqual(Deno.readTextFileSync(path), "precious");
});

Deno.test("disk: a state folder that others may write to is refused, exit code 1", async () => {
  using folder = makeTempFolder();
  Deno.chmodSync(folder.path, 0o777);
  const why = new RegExp(`"${folder.path}" as the state folder: others may write to it`);
  checkRefused(await runOn(folder.path), why, new RegExp(` hint=".*: chmod 700 ${folder.path}"`));
});

testWithDisks([], "disk: a read-only file system is named as what it is, exit code 1", async () => {
  using disk = mountSmallDisk("size=64k,ro");
  const path = `${disk.path}/state`;
  const why = new RegExp(
    `Cannot open the state folder "${path}": permission denied or file system`,
  );
  checkRefused(await runOn(path), why, / hint="make the folder belong to the user Postern runs as/);
});

/** Root may write everywhere, unless it gives that power up. */
const AS_ANYBODY = Deno.uid() === 0
  ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
  : ["env"];

testWithPrograms(
  [AS_ANYBODY[0]],
  "disk: a state folder in a place that may not be written to is refused, exit code 1",
  async () => {
    using folder = makeTempFolder();
    const place = `${folder.path}/place`;
    Deno.mkdirSync(place, { mode: 0o500 });
    const why = new RegExp(`Cannot open the state folder "${place}/state": permission denied or`);
    checkRefused(await runOn(`${place}/state`, AS_ANYBODY), why, / hint="make the folder belong /);
  },
);

testWithPrograms(
  ["openssl"],
  "disk: a second process on one state folder is refused, the first goes on",
  async () => {
    await using upstream = startSmallUpstream();
    await using postern = await startWithRoutes([offloadTo("a.example", url(upstream))]);
    const { stateFolder, process: { pid } } = postern;
    const why = new RegExp(`Cannot open the state folder "${stateFolder}": process ${pid} uses it`);
    checkRefused(
      await runOn(stateFolder),
      why,
      / hint="stop the other Postern, or give this one a /,
    );
    match(await shownSerial(postern), /^[0-9A-F]+$/);
    strictEqual(await postern.stop(), 0);
  },
);

Deno.test("disk: a process that was killed leaves no lock behind", async () => {
  using folder = makeTempFolder();
  const stateFolder = `${folder.path}/state`;
  await using upstream = startSmallUpstream();
  const start = () => startWithRoutes([offloadTo("a.example", url(upstream))], { stateFolder });
  await using killed = await start();
  await killed.process.stop("SIGKILL");
  await using postern = await start();
  strictEqual(await postern.stop(), 0);
});

testWithDisks(
  ["openssl"],
  "disk: started on a full disk it serves with an internal CA that it cannot keep, and says so",
  async () => {
    using disk = mountSmallDisk("size=64k");
    disk.fill();
    await using upstream = startSmallUpstream();
    const stateFolder = `${disk.path}/state`;
    await using postern = await startWithRoutes([offloadTo("a.example", url(upstream))], {
      stateFolder,
    });
    const [line] = await postern.waitForLog(/ error tls: The internal CA cannot be kept.*/);
    match(line, /no space is left on the disk" hint="free some space or raise the quota; /);
    match(
      (await shownCertificate(postern.https[0], "a.example")).issuer,
      /^CN=Postern internal CA/,
    );
    strictEqual(await postern.stop(), 0);
    // Nothing half-written stays behind.
    deepStrictEqual([...Deno.readDirSync(stateFolder)].map(({ name }) => name).sort(), [
      ".lock",
      "internal-ca",
    ]);
    deepStrictEqual([...Deno.readDirSync(`${stateFolder}/internal-ca`)], []);
  },
);

testWithDisks(
  [...PEBBLE_PROGRAMS, "curl", "openssl"],
  "disk: a certificate issued on a full disk is served from memory and saved when there is space",
  async () => {
    using disk = mountSmallDisk("size=64k");
    using folder = makeTempFolder();
    await using upstream = startSmallUpstream();
    const httpPort = findFreePort();
    await using pebble = await startPebble({ httpPort });
    const top = {
      acme: { directory: pebble.directoryUrl, ca: pebble.caFile },
      listen: { http: `127.0.0.1:${httpPort}` },
    };
    const routesFor = (...hosts: string[]) =>
      hosts.map((host) => ({ hosts: [host], mode: "offload", upstream: url(upstream) }));
    const stateFolder = `${disk.path}/state`;
    await using postern = await startWithRoutes(routesFor("first.example"), { top, stateFolder });
    await postern.waitForLog(/Certificate issued hostname=first\.example /);
    const firstFile = `${stateFolder}/certificates/first.example.pem`;
    await withDeadline(untilThere(firstFile), 30_000, () => firstFile);
    const firstBytes = Deno.readTextFileSync(firstFile);

    disk.fill();
    postern.writeConfig(makeConfig(routesFor("first.example", "a.example"), top));
    postern.process.kill("SIGHUP");
    const [line] = await postern.waitForLog(/ error acme: Cannot save a certificate; .*/, 30_000);
    match(line, /it is served from memory until that succeeds hostname=a\.example error="/);
    match(line, /no space is left on the disk" hint="free some space /);
    const caFile = folder.write("root.pem", await pebble.readRoot());
    const fetched = () => curl("https://a.example/", { to: postern.https[0], caFile });
    strictEqual((await fetched()).status, 200);
    // What was saved before is whole.
    strictEqual(Deno.readTextFileSync(firstFile), firstBytes);
    const serial = await shownSerial(postern);

    disk.free();
    await postern.waitForLog(/ info {2}acme: Certificate saved at last /, SAVE_RETRY_MS + 15_000);
    strictEqual((await fetched()).status, 200);
    strictEqual(await postern.stop(), 0);
    strictEqual(postern.log.filter((line) => line.includes("Certificate issued")).length, 2);
    await using again = await startWithRoutes(routesFor("first.example", "a.example"), {
      top,
      stateFolder,
    });
    strictEqual(await shownSerial(again), serial);
    strictEqual(again.log.some((line) => line.includes("Ordering")), false);
  },
);

async function untilThere(file: string): Promise<void> {
  for (;;) {
    try {
      await Deno.stat(file);
      return;
    } catch {
      // It is being written.
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

async function shownSerial(postern: Postern): Promise<string> {
  return (await shownCertificate(postern.https[0], "a.example")).serialNumber;
}

function startSmallUpstream(): BrokenUpstream {
  return startBrokenUpstream(async (peer) => {
    await peer.readHead();
    await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
}

function url({ address }: BrokenUpstream): string {
  return `http://${formatAddress(address)}`;
}
