import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { startBrokenUpstream } from "../support/broken_upstream.ts";
import { curl, type CurlResult, headerOf } from "../support/curl.ts";
import { startHeadUpstream, valuesIn } from "../support/head_upstream.ts";
import { testWithPrograms } from "../support/installed.ts";
import type { Postern } from "../support/postern.ts";
import { internalCaFile, offloadTo, startWithRoutes, type YamlMapping } from "../support/routes.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const VERSIONS = ["--http1.1", "--http2"];

async function ask(postern: Postern, url: string, ...args: string[]): Promise<CurlResult> {
  return await curl(url, { to: postern.https[0], caFile: internalCaFile(postern), args });
}

/** Runs a test for both versions of HTTP against one route to a server that answers with the head it got. */
function testPolicy(
  name: string,
  route: YamlMapping,
  check: (
    get: (path?: string, ...args: string[]) => Promise<CurlResult>,
    postern: Postern,
  ) => Promise<void>,
  top: YamlMapping = {},
): void {
  for (const version of VERSIONS) {
    testWithPrograms(["curl"], `policy: ${name} (${version})`, async () => {
      await using upstream = startHeadUpstream();
      const server = `http://127.0.0.1:${upstream.address.port}`;
      await using postern = await startWithRoutes([offloadTo("a.test", server, route)], { top });
      await check(
        (path = "/", ...args) => ask(postern, `https://a.test${path}`, version, ...args),
        postern,
      );
    });
  }
}

testPolicy("headers of requests and answers are changed", {
  request_headers: { set: { "X-Client": "{client_ip}" }, remove: ["Accept"] },
  response_headers: { set: { "X-Robots-Tag": "noindex" } },
  host_header: "inner.lan",
  hsts: true,
  security_headers: true,
}, async (get) => {
  const answer = await get();
  deepStrictEqual(valuesIn(answer.body, "x-client"), ["127.0.0.1"]);
  deepStrictEqual(valuesIn(answer.body, "accept"), []);
  deepStrictEqual(valuesIn(answer.body, "host"), ["inner.lan"]);
  deepStrictEqual(valuesIn(answer.body, "x-forwarded-host"), ["a.test"]);
  strictEqual(headerOf(answer, "x-robots-tag"), "noindex");
  match(headerOf(answer, "strict-transport-security")!, /^max-age=31536000/);
  strictEqual(headerOf(answer, "x-content-type-options"), "nosniff");
});

for (const version of VERSIONS) {
  testWithPrograms(
    ["curl"],
    `policy: a body over max_body_size is 413, before and while it is read (${version})`,
    async () => {
      // It waits for the whole body: once a server has answered, no other answer can be given.
      const seen: string[] = [];
      await using upstream = startBrokenUpstream(async (peer) => {
        seen.push(await peer.readHead());
        for (let bytes = await peer.read(); bytes !== undefined; bytes = await peer.read()) {
          seen.push(new TextDecoder().decode(bytes));
        }
      });
      await using postern = await startWithRoutes([
        offloadTo("a.test", `http://127.0.0.1:${upstream.address.port}`, {
          max_body_size: "1KiB",
        }),
      ]);
      using folder = makeTempFolder("postern-body-");
      const file = folder.write("body", "x".repeat(200_000));
      const send = (...args: string[]) =>
        ask(postern, "https://a.test/", version, "-H", "Expect:", ...args);
      const known = await send("--data-binary", `@${file}`);
      strictEqual(known.status, 413, known.error);
      deepStrictEqual(seen, [], "the server learns nothing of it");
      const unknown = await send("-T", file, "-H", "Transfer-Encoding: chunked");
      strictEqual(unknown.status, 413, unknown.error);
      strictEqual(seen.join("").endsWith("0\r\n\r\n"), false, "never a whole request");
    },
  );
}

testPolicy("the rate limit answers 429 and says when", {
  rate_limit: { requests: 2, per: "1m", burst: 2 },
}, async (get) => {
  const statuses = [];
  for (let round = 0; round < 3; round++) statuses.push((await get()).status);
  deepStrictEqual(statuses, [200, 200, 429]);
  match(headerOf(await get(), "retry-after")!, /^\d+$/);
  strictEqual((await get("/", "--interface", "127.0.0.9")).status, 200, "another client");
});

testPolicy("maintenance lets only those in who are allowed", {
  maintenance: { retry_after: "1h", allow: ["127.0.0.9"] },
}, async (get) => {
  const answer = await get();
  strictEqual(answer.status, 503);
  strictEqual(headerOf(answer, "retry-after"), "3600");
  strictEqual((await get("/", "--interface", "127.0.0.9")).status, 200);
});

testPolicy("a trusted proxy in front says who the client is, others do not", {}, async (get) => {
  const claim = ["-H", "X-Forwarded-For: 192.0.2.7"];
  const trusted = await get("/", "--interface", "127.0.0.9", ...claim);
  deepStrictEqual(valuesIn(trusted.body, "x-real-ip"), ["192.0.2.7"]);
  deepStrictEqual(valuesIn(trusted.body, "x-forwarded-for"), ["192.0.2.7, 127.0.0.9"]);
  const stranger = await get("/", ...claim);
  deepStrictEqual(valuesIn(stranger.body, "x-real-ip"), ["127.0.0.1"]);
}, { trusted_proxies: ["127.0.0.9"] });

testPolicy("paths: their own servers, prefixes, redirects, answers and guards", {
  paths: [
    { path: "/api/*", strip_prefix: true },
    { path: "/old/*", to: "/new", status: 301 },
    { path: "/robots.txt", respond: { body: "User-agent: *\n" } },
    { path: "/admin/*", basic_auth: { users: { ada: await hashOf("open sesame") } } },
  ],
}, async (get) => {
  const lineOf = ({ body }: CurlResult) => body.split(" HTTP/")[0];
  strictEqual(lineOf(await get("/api/v1?x=%2F")), "GET /v1?x=%2F");
  strictEqual(lineOf(await get("/api")), "GET /");
  strictEqual(lineOf(await get("/apis")), "GET /apis");
  const moved = await get("/old/page");
  strictEqual(moved.status, 301);
  ok(headerOf(moved, "location")!.startsWith("/new"), headerOf(moved, "location"));
  strictEqual((await get("/robots.txt")).body, "User-agent: *\n");
  for (const path of ["/admin", "/admin/", "/ADMIN/x", "/%61dmin/x"]) {
    strictEqual((await get(path)).status, 401, path);
  }
  for (const path of ["//admin/x", "/x/../admin/", "/x/%2e%2e/admin/", "/api/..%2fadmin"]) {
    ok([400, 401].includes((await get(path)).status), path);
  }
  const inside = await get("/admin/x", "--user", "ada:open sesame");
  strictEqual(inside.status, 200);
  deepStrictEqual(valuesIn(inside.body, "authorization"), []);
  strictEqual((await get("/admin/x", "--user", "ada:wrong")).status, 401);
});

testPolicy("answers are compressed for whoever asks", { compress: true }, async (get) => {
  const long = ["-H", `X-Long: ${"long ".repeat(500)}`];
  // The server's answer has no type; what is known to be text is compressed.
  strictEqual(headerOf(await get("/", ...long), "content-encoding"), undefined);
});

for (const version of VERSIONS) {
  testWithPrograms(["curl"], `policy: compressed answers are whole (${version})`, async () => {
    const text = "all work and no play makes a dull proxy\n".repeat(5_000);
    await using upstream = startBrokenUpstream(async (peer) => {
      await peer.readHead();
      const head = `Content-Type: text/plain\r\nContent-Length: ${text.length}`;
      await peer.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${text}`);
    });
    const server = `http://127.0.0.1:${upstream.address.port}`;
    await using postern = await startWithRoutes([offloadTo("a.test", server, { compress: true })]);
    for (const encoding of ["gzip", "br"]) {
      const raw = await ask(
        postern,
        "https://a.test/",
        version,
        "-H",
        `Accept-Encoding: ${encoding}`,
      );
      strictEqual(headerOf(raw, "content-encoding"), encoding);
      match(headerOf(raw, "vary")!, /accept-encoding/i);
      const decoded = await ask(postern, "https://a.test/", version, "--compressed");
      strictEqual(decoded.body, text);
    }
  });

  testWithPrograms(
    ["curl"],
    `policy: error pages replace short sentences (${version})`,
    async () => {
      using folder = makeTempFolder("postern-pages-");
      const page = folder.write("sorry.html", "<h1>{status}, sorry</h1>");
      await using postern = await startWithRoutes([
        offloadTo("a.test", "http://127.0.0.1:1", { error_pages: { "5xx": page } }),
      ]);
      const answer = await ask(postern, "https://a.test/", version);
      strictEqual(answer.status, 502);
      strictEqual(answer.body, "<h1>502, sorry</h1>");
      match(headerOf(answer, "content-type")!, /^text\/html/);
    },
  );

  testWithPrograms(["curl"], `policy: an auth server decides (${version})`, async () => {
    await using auth = startBrokenUpstream(async (peer) => {
      for (;;) {
        const head = await peer.readHead();
        const [uri] = valuesIn(head, "x-forwarded-uri");
        await peer.write(
          uri === "/open"
            ? "HTTP/1.1 200 OK\r\nRemote-User: ada\r\nContent-Length: 0\r\n\r\n"
            : "HTTP/1.1 302 Found\r\nLocation: https://login.test/\r\nContent-Length: 0\r\n\r\n",
        );
      }
    });
    await using upstream = startHeadUpstream();
    await using postern = await startWithRoutes([
      offloadTo("a.test", `http://127.0.0.1:${upstream.address.port}`, {
        forward_auth: {
          url: `http://127.0.0.1:${auth.address.port}/verify`,
          copy_headers: ["Remote-User"],
        },
      }),
    ]);
    const forged = ["-H", "Remote-User: root"];
    const open = await ask(postern, "https://a.test/open", version, ...forged);
    deepStrictEqual(valuesIn(open.body, "remote-user"), ["ada"]);
    const closed = await ask(postern, "https://a.test/closed", version);
    strictEqual(closed.status, 302);
    strictEqual(headerOf(closed, "location"), "https://login.test/");
  });
}

testWithPrograms(["curl"], "policy: users of a file, whose lines hash-password makes", async () => {
  using folder = makeTempFolder("postern-users-");
  const users = folder.write("users", `ada:${await hashOf("open sesame")}\n`);
  await using upstream = startHeadUpstream();
  await using postern = await startWithRoutes([
    offloadTo("a.test", `http://127.0.0.1:${upstream.address.port}`, {
      basic_auth: { users_file: users, realm: "inner" },
    }),
  ]);
  const closed = await ask(postern, "https://a.test/");
  strictEqual(closed.status, 401);
  match(headerOf(closed, "www-authenticate")!, /^Basic realm="inner"/);
  strictEqual((await ask(postern, "https://a.test/", "--user", "ada:open sesame")).status, 200);
  strictEqual(postern.log.join("\n").includes("sesame"), false, "no password in the log");
});

/** Runs the verb as a user would. */
async function hashOf(password: string): Promise<string> {
  using folder = makeTempFolder("postern-password-");
  const file = folder.write("password", `${password}\n`);
  const command = `exec "$0" run -A main.ts hash-password < '${file}'`;
  const { stdout, success, stderr } = await new Deno.Command("sh", {
    args: ["-c", command, Deno.execPath()],
  })
    .output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}
