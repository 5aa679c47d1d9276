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

/** What is guarded, and how targets are made that may reach it. */
interface Guarded {
  /** `path` needs a password but for `path/public/*`, each of `vaults` the word of an auth server. */
  readonly path: string;
  readonly vaults: readonly string[];
  /** What a server serves that is guarded. */
  readonly served: RegExp;
  readonly pieces: readonly string[];
}

async function makeGuarded({ path, vaults }: Guarded) {
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
      makePath(`${path}/public/*`, { servers }),
      makePath(`${path}/*`, { servers, policies: { basicAuth } }),
      ...vaults.map((vault) => makePath(`${vault}/*`, { servers, policies: { forwardAuth } })),
    ],
  });
  return { application: createRouteApplication(route, makeRouteEnvironment(environment)), passed };
}

function isServed({ served }: Guarded, path: string): boolean {
  const merged = path.replace(/\/+/g, "/");
  return served.test(merged) || served.test(asText(merged));
}

/** What servers return that know no letters has a character per byte. */
function asText(path: string): string {
  if (/[^\0-\xff]/.test(path)) return path;
  const text = new TextDecoder().decode(Uint8Array.from(path, (each) => each.charCodeAt(0)));
  return text.includes("\ufffd") ? path : text;
}

const SIGNS = ["/", "/", "/", "/", "public", "x"]
  .concat(["..", ".", "%2e", "%2E%2e", "%2f", "%5c", "\\", ";", ";a=b", "%3b", "%252e", "%252f"])
  .concat(["%25", "#", "%23", "%3F", "?", "%00", "%0a", "%09", "%20", "%c0%ae"])
  .concat(["%C0%AF", "%e0%80%af", "%u002f", "%uff0e"])
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

const ASCII: Guarded = {
  path: "/admin",
  vaults: ["/vault"],
  served: /^\/(?:admin(?!\/public(?:\/|$))|vault)(?:\/|$)/i,
  pieces: [...SIGNS, "admin", "ADMIN", "%61dmin", "vault", "Vaul%74", "%2561dmin", "%u0061dmin"]
    .concat(["adm%C4%B1n", "%EF%BD%81dmin"]),
};

const LETTERS: Guarded = {
  path: "/my files",
  vaults: ["/über", "/straße", "/@me"],
  served: /^\/(?:my files(?!\/public(?:\/|$))|(?:ü|u\u0308)ber|stra(?:ß|ss)e|@me)(?:\/|$)/i,
  pieces: [...SIGNS, "my%20files", "my%20files", "MY%20Files", "my+files", "my%2520files", "+"]
    .concat(["my%C2%A0files", "my%2bfiles", "%6dy%20files", "my%EF%B9%AA20files", "my%u0020files"])
    .concat(["%C3%BCber", "%C3%9CBER", "u%CC%88ber", "%FCber", "%DCber", "%25C3%25BCber", "\\"])
    .concat([
      "%C3%83%C2%BCber",
      "%E0%83%BCber",
      "%C3%BCb%C2%ADer",
      "%C3%BCb%E2%80%8Ber",
      "%u00fcber",
    ])
    .concat(["stra%C3%9Fe", "strasse", "STRASSE", "stra%DFe", "stra%E1%BA%9Ee", "%E2%80%A5"])
    .concat(["@me", "%40me", "%2540me", "%EF%BC%A0me", "%EF%B9%ABme"]),
};

/** Headers by which some frameworks are told another path. */
const OVERRIDES = ["X-Original-URL", "X-Rewrite-URL", "x_original_url"];

function makeTarget(random: Random, { pieces }: Guarded): string {
  let target = "/";
  for (let count = 1 + random.below(8); count > 0; count--) target += random.pick(pieces);
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

async function checkGuards(guarded: Guarded, { overridden }: { overridden: string }) {
  const { application, passed } = await makeGuarded(guarded);
  const random = new Random(SEED);
  const reached = { stranger: 0, guarded: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const target = makeTarget(random, guarded);
    const isOverridden = random.below(8) === 0;
    const headers: HeaderLine[] = isOverridden ? [[random.pick(OVERRIDES), overridden]] : [];
    passed.length = 0;
    await application.answer(makeExchange({ target, headers }));
    for (const request of passed) {
      reached.stranger++;
      for (const [server, path] of readings(request)) {
        assert.ok(!isServed(guarded, path), `${target} reached ${server}, which serves ${path}`);
      }
    }
    if (random.below(8) > 0) continue;
    passed.length = 0;
    const known: HeaderLine[] = [basic("alice", "open sesame"), ["X-Session", "1"]];
    await application.answer(makeExchange({ target, headers: known }));
    if (passed.some((each) => isServed(guarded, PATH_SERVERS.nginx(each.target) ?? ""))) {
      reached.guarded++;
    }
  }
  assert.ok(reached.stranger > ROUNDS / 20, `${reached.stranger} strangers' requests`);
  assert.ok(
    reached.guarded > ROUNDS / 1_000,
    `${reached.guarded} guarded requests with credentials`,
  );
}

Deno.test(`paths: whatever a server reads as guarded has met its guard (seed ${SEED})`, () => {
  return checkGuards(ASCII, { overridden: "/admin/x" });
});

Deno.test(`paths: and whatever letters it reads (seed ${SEED})`, () => {
  return checkGuards(LETTERS, { overridden: "/my%20files/x" });
});
