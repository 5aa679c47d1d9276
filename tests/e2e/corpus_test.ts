import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type CorpusReport, onlyRows, runCorpus, testWithCorpus } from "../support/corpus.ts";
import { countDescriptors, untilDescriptors } from "../support/process_usage.ts";
import { findFreePort } from "../support/free_port.ts";
import { formatAddress } from "../../lib/base/addresses.ts";
import { makeTlsFiles, nginxTls } from "../support/tls_files.ts";
import { offloadTo, passTo, startWithRoutes, type YamlMapping } from "../support/routes.ts";
import { opensslConnect } from "../support/openssl_client.ts";
import { startNginx } from "../support/nginx.ts";

/** Hellos that do not end must not make the run long; the programs wait for 12 s. */
const TOP = { defaults: { timeouts: { hello: "2s" } }, log: { level: "info" } };

/** Names that the corpus of hellos routes. */
const ROUTED = ["a.ext.test", "localhost"];

/** A host per program of a listener: each has a server of its own. */
const HOSTS = ["a.ext.test", "b.ext.test"];

/** The rows of h1check, in halves of about the same length that run side by side. */
const HALVES = ["[02468acegikmoqsuwy]$", "[^02468acegikmoqsuwy]$"];

/** Descriptors that the runtime may open for itself meanwhile. */
const SPARE_DESCRIPTORS = 8;

/** Rows of h1check in both halves. */
const H1_ROWS = 368;

/**
 * A row fails only if it fails three times: writing and reading one TLS connection from two threads,
 * as h1check does, loses an answer now and then, with nginx as well; from one thread, none is lost.
 */
const TRIES = 3;

testWithCorpus("corpus: requests are refused or clean", async (context) => {
  // Most of the time is spent waiting, so both listeners are played with at once.
  const failures = await Promise.all([
    checkListener("https", ["--tls"], (host, server) => offloadTo(host, `http://${server}`)),
    checkListener("http", [], (host, server) => ({
      hosts: [host],
      mode: "passthrough",
      upstream: "127.0.0.1:1",
      http_upstream: server,
    })),
  ]);
  for (const [index, port] of ["443", "80"].entries()) {
    await context.step(`to port ${port}`, () => deepStrictEqual(failures[index], []));
  }
});

/** Plays every request to a listener of a Postern of its own. @returns The rows that fail. */
async function checkListener(
  listener: "https" | "http",
  args: readonly string[],
  makeRoute: (host: string, server: string) => YamlMapping,
): Promise<string[]> {
  const ports = HOSTS.map(() => findFreePort());
  await using postern = await startWithRoutes(
    HOSTS.map((host, index) => makeRoute(host, `127.0.0.1:${ports[index]}`)),
    { top: TOP },
  );
  const target = [formatAddress(postern[listener][0])];
  const halves = await Promise.all(
    HOSTS.map((host, index) =>
      checkRequests([...target, String(ports[index]), "--host", host, ...args], HALVES[index])
    ),
  );
  strictEqual(halves.reduce((sum, { rows }) => sum + rows, 0), H1_ROWS);
  return halves.flatMap(({ failures }) => failures).sort();
}

/** Runs h1check on the rows that match. */
async function checkRequests(
  args: readonly string[],
  only: string,
): Promise<{ rows: number; failures: readonly string[] }> {
  const run = (rows: string) => runCorpus("h1check.py", [...args, "--only", rows]);
  const first = await run(only);
  let { failures } = first;
  for (let again = 1; again < TRIES && failures.length > 0; again++) {
    failures = (await run(onlyRows(failures))).failures;
  }
  return { rows: first.passed + first.failed, failures };
}

/** How the hellos are sent: whole, or the first 400 bytes of each in single bytes. */
const SPLITS = [[], ["--split", "1"]];

testWithCorpus(
  "corpus: hellos reach the server of their name, unchanged, and no other",
  async () => {
    const reports = await Promise.all(
      SPLITS.flatMap((split) => HALVES.map((only) => checkHellos([...split, "--only", only]))),
    );
    for (const { failed, output } of reports) strictEqual(failed, 0, output);
  },
);

/** Each run counts what reaches its own server, so it needs a Postern of its own. */
async function checkHellos(args: readonly string[]): Promise<CorpusReport> {
  const backendPort = findFreePort();
  await using postern = await startWithRoutes([
    { ...passTo(ROUTED[0], `127.0.0.1:${backendPort}`), hosts: ROUTED },
  ], { top: TOP });
  const target = formatAddress(postern.https[0]);
  return await runCorpus("chcheck.py", [
    ...[target, String(backendPort), "--routed", ROUTED.join(",")],
    ...args,
  ]);
}

testWithCorpus("corpus: inputs of a fuzzer harm neither passthrough nor offload", async () => {
  using files = await makeTlsFiles(["pass.test"]);
  await using site = await startNginx({
    http: ({ ports }) =>
      `server { listen 127.0.0.1:${ports[0]} ssl; ${nginxTls(files)} return 204; }`,
  });
  await using postern = await startWithRoutes([
    passTo("pass.test", `127.0.0.1:${site.ports[0]}`),
    offloadTo("*", `http://127.0.0.1:${site.ports[0]}`),
  ], { top: TOP });
  const { pid } = postern.process;
  const target = formatAddress(postern.https[0]);
  // Opens what is opened on first use.
  for (const serverName of ["pass.test", "any.test"]) {
    strictEqual((await opensslConnect(postern.https[0], { serverName })).succeeded, true);
  }
  const before = await countDescriptors(pid);
  const args = ["--pid", String(pid), "--wait", "0.01"];
  const reports = await Promise.all([
    runCorpus("chfuzz.py", [target, "--sni", "pass.test", ...args]),
    runCorpus("chfuzz.py", [target, "--sni", "any.test", "--half", ...args]),
  ]);
  for (const { failed, output } of reports) strictEqual(failed, 0, output);
  await untilDescriptors(pid, before + SPARE_DESCRIPTORS);
});
