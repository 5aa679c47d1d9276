import { match, ok, strictEqual } from "node:assert/strict";
import { startBrokenUpstream } from "../support/broken_upstream.ts";
import { startHeadUpstream } from "../support/head_upstream.ts";
import { requireInstalled, testWithPrograms } from "../support/installed.ts";
import type { Postern } from "../support/postern.ts";
import { offloadTo, startWithRoutes } from "../support/routes.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

/** As much as a second or two takes. */
const REQUESTS = 2_000;

async function run(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(requireInstalled(program), {
    args: [...args],
    stdin: "null",
    signal: AbortSignal.timeout(60_000),
  }).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  ok(success, output);
  return output;
}

/** Names lead nowhere here, so the URL has the address and the server name comes beside it. */
function urlOf({ https: [{ port }] }: Postern): string {
  return `https://localhost:${port}/`;
}

testWithPrograms(["nghttp"], "nghttp: many streams of one connection are answered", async () => {
  await using upstream = startHeadUpstream();
  await using postern = await startWithRoutes([
    offloadTo("localhost", `http://127.0.0.1:${upstream.address.port}`),
  ]);
  const output = await run("nghttp", [
    ...["--verbose", "--null-out", "--multiply=50", "--header=cookie: a=1"],
    urlOf(postern),
  ]);
  strictEqual(output.match(/:status: 200/g)?.length, 50);
  match(output, /The negotiated protocol: h2/);
  ok(!/RST_STREAM|error_code=(?!NO_ERROR)/.test(output), output);
});

/** How else nghttp may speak, each with 20 requests of one connection. */
const MANNERS: readonly (readonly string[])[] = [
  ["--header-table-size=0"],
  ["--header-table-size=65536", "--encoder-header-table-size=0"],
  ["--window-bits=12", "--connection-window-bits=16"],
  ["--window-bits=24", "--connection-window-bits=24"],
  ["--padding=200"],
  ["--continuation"],
  ["--no-dep"],
  ["--no-rfc7540-pri"],
  ["--weight=256", "--max-concurrent-streams=1"],
];

for (const manners of MANNERS) {
  testWithPrograms(
    ["nghttp"],
    `nghttp ${manners.join(" ")}: all requests are answered`,
    async () => {
      const value = "v".repeat(20_000);
      await using upstream = startBrokenUpstream(async (peer) => {
        for (;;) {
          await peer.readHead();
          await peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${value.length}\r\n\r\n${value}`);
        }
      });
      await using postern = await startWithRoutes([
        offloadTo("localhost", `http://127.0.0.1:${upstream.address.port}`),
      ]);
      const output = await run("nghttp", ["--stat", "--multiply=20", ...manners, urlOf(postern)]);
      strictEqual(output.split(value).length - 1, 20, output.slice(-2_000));
    },
  );
}

testWithPrograms(["nghttp"], "nghttp: hints, 100-continue and trailers, both ways", async () => {
  using folder = makeTempFolder();
  const file = folder.write("body", "hello");
  let request = "";
  await using upstream = startBrokenUpstream(async (peer) => {
    request = await peer.readHead();
    await peer.write("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
    await peer.write("HTTP/1.1 100 Continue\r\n\r\n");
    while (!request.endsWith("x-up: 1\r\n\r\n")) {
      request += new TextDecoder().decode(await peer.read());
    }
    await peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    await peer.write("2\r\nok\r\n0\r\nX-Down: 2\r\n\r\n");
    await peer.untilGone();
  });
  await using postern = await startWithRoutes([
    offloadTo("localhost", `http://127.0.0.1:${upstream.address.port}`),
  ]);
  const output = await run("nghttp", [
    ...["--verbose", "--expect-continue", "--no-content-length", `--data=${file}`],
    ...["--trailer=x-up: 1", urlOf(postern)],
  ]);
  match(request, /^expect: 100-continue\r$/im);
  match(request, /\r\n\r\n5\r\nhello\r\n0\r\nx-up: 1\r\n\r\n$/);
  for (
    const line of [":status: 103", "link: </a.css>", ":status: 100", ":status: 200", "x-down: 2"]
  ) {
    ok(output.includes(line), `${line}: ${output}`);
  }
});

for (const [version, args] of [["h2", ["-m", "20"]], ["http/1.1", []]] as const) {
  testWithPrograms(["h2load"], `h2load: every request over ${version} is answered`, async () => {
    await using upstream = startHeadUpstream();
    await using postern = await startWithRoutes([
      offloadTo("localhost", `http://127.0.0.1:${upstream.address.port}`),
    ]);
    const output = await run("h2load", [
      ...[`--npn-list=${version}`, `-n${REQUESTS}`, "-c20", ...args],
      urlOf(postern),
    ]);
    match(output, new RegExp(`^requests: .* ${REQUESTS} succeeded, 0 failed, 0 errored`, "m"));
    match(output, new RegExp(`^status codes: ${REQUESTS} 2xx`, "m"));
    match(output, new RegExp(`^Application protocol: ${version}$`, "m"));
  });
}

for (const version of ["-tls1_3", "-tls1_2"]) {
  testWithPrograms(
    ["openssl"],
    `openssl: a session is taken up by another connection (${version})`,
    async () => {
      await using upstream = startHeadUpstream();
      await using postern = await startWithRoutes([
        offloadTo("a.test", `http://127.0.0.1:${upstream.address.port}`),
      ]);
      using folder = makeTempFolder();
      const session = `${folder.path}/session`;
      const ask = ["-alpn", "http/1.1", "-ign_eof", version];
      const request = "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";
      // In TLS 1.3 the ticket comes after the handshake: an answer must have been read.
      const first = await converse(postern, [...ask, "-sess_out", session], request);
      match(first, /^New, TLSv1\.[23], Cipher is /m);
      const second = await converse(postern, [...ask, "-sess_in", session], request);
      match(second, /^Reused, TLSv1\.[23], Cipher is /m);
      match(second, /^HTTP\/1\.1 200 /m);
    },
  );
}

/** Sends a request by openssl and returns all it printed until the other side closed. */
async function converse(
  { https: [{ port }] }: Postern,
  args: readonly string[],
  request: string,
): Promise<string> {
  const child = new Deno.Command(requireInstalled("openssl"), {
    args: ["s_client", "-connect", `127.0.0.1:${port}`, "-servername", "a.test", ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(20_000),
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(request));
  const { stdout } = await child.output();
  return new TextDecoder().decode(stdout);
}
