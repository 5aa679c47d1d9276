import assert from "node:assert/strict";
import { formatPasswordHash } from "../../lib/base/password_hash.ts";
import { cheapHash } from "../http/policy/password_hashes.ts";
import { curl, type CurlResult, headerOf } from "../support/curl.ts";
import { testWithPrograms } from "../support/installed.ts";
import type { Postern } from "../support/postern.ts";
import { internalCaFile, offloadTo, startWithRoutes } from "../support/routes.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const VERSIONS = ["--http1.1", "--http2"];
const TEXT = "a line of text that repeats\n".repeat(500);

/** A server that says its name, what it was asked for, and by whom. */
function startUpstream(name: string) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname, search } = new URL(request.url);
    if (pathname === "/text") {
      return new Response(TEXT, { headers: { "content-type": "text/plain", etag: '"strong"' } });
    }
    const user = request.headers.get("remote-user");
    const authorization = request.headers.get("authorization");
    return Response.json({ name, target: pathname + search, user, authorization });
  });
  return Object.assign(server, { url: `http://127.0.0.1:${server.addr.port}` });
}

/** An auth server that knows who sends `Cookie: user=…`, and sends the others to a login page. */
function startAuthServer() {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { headers } = request;
    const user = /user=(\w+)/.exec(headers.get("cookie") ?? "")?.[1];
    if (user !== undefined) {
      return new Response("yes", { headers: { "remote-user": user, "set-cookie": "session=1" } });
    }
    const host = headers.get("x-forwarded-host");
    const location = `https://login.test/?rd=${host}${headers.get("x-forwarded-uri")}`;
    return new Response("log in first", { status: 302, headers: { location } });
  });
  return Object.assign(server, { url: `http://127.0.0.1:${server.addr.port}` });
}

/** Asks a host for something. */
function ask(postern: Postern, url: string, args: readonly string[]): Promise<CurlResult> {
  return curl(url, { to: postern.https[0], caFile: internalCaFile(postern), args });
}

for (const version of VERSIONS) {
  testWithPrograms(
    ["curl"],
    `paths, basic_auth and rate_limit, end to end (${version})`,
    async () => {
      await using main = startUpstream("main");
      await using other = startUpstream("other");
      using folder = makeTempFolder("postern-users-");
      const hash = formatPasswordHash(await cheapHash("open sesame"));
      await Deno.writeTextFile(`${folder.path}/users`, `alice:${hash}\n`);
      await using postern = await startWithRoutes([
        offloadTo("a.test", main.url, {
          basic_auth: { users_file: `${folder.path}/users`, realm: "here" },
          paths: [
            { path: "/api/*", strip_prefix: true, upstream: other.url, basic_auth: "off" },
            { path: "/moved/*", strip_prefix: true, to: "https://new.test", basic_auth: "off" },
            { path: "/robots.txt", respond: { body: "none" }, basic_auth: "off" },
            { path: "/few/*", rate_limit: { requests: 2, per: "1h" }, basic_auth: "off" },
          ],
        }),
      ]);
      const get = (path: string, ...args: string[]) =>
        ask(postern, `https://a.test${path}`, [version, ...args]);
      const json = async (path: string, ...args: string[]) =>
        JSON.parse((await get(path, ...args)).body);

      const refused = await get("/x");
      assert.deepEqual([refused.status, headerOf(refused, "www-authenticate")], [
        401,
        'Basic realm="here", charset="UTF-8"',
      ]);
      assert.equal((await get("/x", "--user", "alice:wrong")).status, 401);
      const seen = await json("/x?y", "--user", "alice:open sesame");
      assert.deepEqual(seen, { name: "main", target: "/x?y", user: null, authorization: null });

      const stripped = await json("/api/x%2Fy?z");
      assert.deepEqual([stripped.name, stripped.target], ["other", "/x%2Fy?z"]);
      assert.equal((await json("/API/v1")).target, "/v1");
      for (
        const path of ["/api/../x", "//api/x", "/api/..;/x", "/api%2f..%2fx", "/x/%2e%2e/api/y"]
      ) {
        assert.equal((await get(path)).status, 401, `${path} meets the policies of the route`);
        assert.equal((await get(path, "--user", "alice:open sesame")).status, 400, path);
      }
      const moved = await get("/moved/a?b");
      assert.deepEqual([moved.status, headerOf(moved, "location")], [308, "https://new.test/a?b"]);
      assert.equal((await get("/robots.txt")).body, "none");

      const few = [await get("/few/1"), await get("/few/2"), await get("/few/3")];
      assert.deepEqual(few.map(({ status }) => status), [200, 200, 429]);
      assert.match(headerOf(few[2], "retry-after")!, /^\d+$/);
    },
  );

  testWithPrograms(["curl"], `forward_auth, end to end (${version})`, async () => {
    await using main = startUpstream("main");
    await using auth = startAuthServer();
    await using postern = await startWithRoutes([
      offloadTo("a.test", main.url, {
        forward_auth: { url: `${auth.url}/verify`, copy_headers: ["Remote-User"] },
        paths: [{ path: "/public/*", forward_auth: "off" }],
      }),
    ]);
    const get = (path: string, ...args: string[]) =>
      ask(postern, `https://a.test${path}`, [version, "-H", "Remote_User: root", ...args]);

    const away = await get("/x?y", "-H", "Remote-User: root", "--data", "body");
    assert.deepEqual([away.status, away.body], [302, "log in first"]);
    assert.equal(headerOf(away, "location"), "https://login.test/?rd=a.test/x?y");
    const seen = await get("/x", "-H", "Remote-User: root", "-H", "Cookie: user=alice");
    assert.deepEqual([JSON.parse(seen.body).user, headerOf(seen, "set-cookie")], [
      "alice",
      "session=1",
    ]);
    const open = await get("/public/x", "-H", "Remote-User: root");
    assert.equal(JSON.parse(open.body).user, null, "nobody vouches for it there");
    await auth.shutdown();
    assert.equal((await get("/x", "-H", "Cookie: user=alice")).status, 502);
  });

  testWithPrograms(["curl"], `compress, end to end (${version})`, async () => {
    await using main = startUpstream("main");
    await using postern = await startWithRoutes([
      offloadTo("a.test", main.url, { compress: true }),
    ]);
    const get = (...args: string[]) => ask(postern, "https://a.test/text", [version, ...args]);
    const plain = await get();
    assert.deepEqual([plain.body, headerOf(plain, "vary")], [TEXT, "Accept-Encoding"]);
    for (const encoding of ["br", "gzip"]) {
      const small = await get("-H", `Accept-Encoding: ${encoding}`);
      assert.equal(headerOf(small, "content-encoding"), encoding);
      assert.equal(headerOf(small, "etag"), 'W/"strong"');
      assert(small.body.length < TEXT.length / 10, `${small.body.length} characters`);
    }
    const whole = await get("--compressed");
    assert.equal(whole.body, TEXT, whole.error);
  });
}
