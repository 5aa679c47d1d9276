import assert from "node:assert/strict";
import type { HeaderLine, UpstreamRequest } from "../../lib/http/message.ts";
import { createRouteApplication } from "../../lib/http/route_application.ts";
import { makeForwardAuth } from "../http/policy/forward_auth_configs.ts";
import { basic, cheapHash } from "../http/policy/password_hashes.ts";
import { makePath } from "../http/policy/path_configs.ts";
import { makeAnswer, makeExchange, makeProxy, makeRouteEnvironment } from "../support/exchanges.ts";
import { PATH_SERVERS } from "../support/path_servers.ts";
import { Random } from "../support/random.ts";
import { makeRoute, makeServer } from "../support/route_configs.ts";

const SEED = 0x9a7d;
const ROUNDS = 8_000;
const AUTH_PORT = 9_091;

/** `/admin/*` needs a password but for `/admin/public/*`, `/vault/*` the word of an auth server. */
async function makeGuarded() {
  const passed: UpstreamRequest[] = [];
  const { environment } = makeProxy((server, request) => {
    const isAuth = server.address.kind === "tcp" && server.address.port === AUTH_PORT;
    if (!isAuth) passed.push(request);
    const isKnown = request.headers.some(([name]) => name === "X-Session");
    return Promise.resolve(makeAnswer(isAuth && !isKnown ? 401 : 200));
  });
  const servers = [makeServer(8_001)];
  const users = new Map([["alice", await cheapHash("open sesame")]]);
  const basicAuth = { realm: "x", users, usersFile: undefined, passes: false };
  const forwardAuth = makeForwardAuth({ server: makeServer(AUTH_PORT) });
  const route = makeRoute("offload", ["app.example.org"], {
    servers,
    paths: [
      makePath("/admin/public/*", { servers }),
      makePath("/admin/*", { servers, policies: { basicAuth } }),
      makePath("/vault/*", { servers, policies: { forwardAuth } }),
    ],
  });
  return { application: createRouteApplication(route, makeRouteEnvironment(environment)), passed };
}

const isGuarded = (path: string) =>
  /^\/(?:admin(?!\/public(?:\/|$))|vault)(?:\/|$)/i.test(path.replace(/\/+/g, "/"));

const PIECES = ["/", "/", "/", "/", "admin", "ADMIN", "%61dmin", "vault", "Vaul%74", "public", "x"]
  .concat(["..", ".", "%2e", "%2E%2e", "%2f", "%5c", "\\", ";", ";a=b", "%3b", "%252e", "%252f"])
  .concat(["%25", "%2561dmin", "#", "%23", "%3F", "?", "%00", "%0a", "%09", "%20", "%c0%ae"])
  .concat(["%C0%AF", "%e0%80%af", "%u002f", "%u0061dmin", "%uff0e", "adm%C4%B1n", "%EF%BD%81dmin"])
  .concat([
    "%EF%BC%8F",
    ":",
    "$",
    "::$DATA",
    ":$i30:$INDEX_ALLOCATION",
    "%3a%24data",
    "y",
    "*",
    "%",
  ]);

/** Headers by which some frameworks are told another path. */
const OVERRIDES = ["X-Original-URL", "X-Rewrite-URL", "x_original_url"];

function makeTarget(random: Random): string {
  let target = "/";
  for (let count = 1 + random.below(8); count > 0; count--) target += random.pick(PIECES);
  return target.replaceAll("#", "%23");
}

/** What some server, or one behind another, serves for what has reached it. */
function* readings({ target, headers }: UpstreamRequest): Generator<[string, string]> {
  const path = target.replace(/\?.*$/, "");
  for (const [name, value] of headers) {
    if (/^x[-_](?:original|rewrite)[-_]url$/i.test(name)) yield [name, value];
  }
  for (const [name, serve] of Object.entries(PATH_SERVERS)) {
    const served = serve(path);
    if (served === undefined) continue;
    yield [name, served];
    for (const [behind, serveAgain] of Object.entries(PATH_SERVERS)) {
      const again = serveAgain(served.startsWith("/") ? served : `/${served}`);
      if (again !== undefined) yield [`${behind} behind ${name}`, again];
    }
  }
}

Deno.test(`paths: whatever a server reads as guarded has met its guard (seed ${SEED})`, async () => {
  const { application, passed } = await makeGuarded();
  const random = new Random(SEED);
  const reached = { stranger: 0, guarded: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const target = makeTarget(random);
    const isOverridden = random.below(8) === 0;
    const headers: HeaderLine[] = isOverridden ? [[random.pick(OVERRIDES), "/admin/x"]] : [];
    passed.length = 0;
    await application.answer(makeExchange({ target, headers }));
    for (const request of passed) {
      reached.stranger++;
      for (const [server, path] of readings(request)) {
        assert.ok(!isGuarded(path), `${target} reached ${server}, which serves ${path}`);
      }
    }
    if (random.below(8) > 0) continue;
    passed.length = 0;
    const known: HeaderLine[] = [basic("alice", "open sesame"), ["X-Session", "1"]];
    await application.answer(makeExchange({ target, headers: known }));
    if (passed.some((each) => isGuarded(PATH_SERVERS.nginx(each.target) ?? ""))) reached.guarded++;
  }
  assert.ok(reached.stranger > ROUNDS / 20, `${reached.stranger} strangers' requests`);
  assert.ok(
    reached.guarded > ROUNDS / 1_000,
    `${reached.guarded} guarded requests with credentials`,
  );
});
