/**
 * Checks that a route gives the keys its mode needs, and none its mode has no use for: a key that is
 * ignored in silence is a mistake nobody finds. Pure.
 *
 * @module
 */
import type { RouteMode } from "./config.ts";
import { formatChoice, quote } from "./problem.ts";
import type { ReadMapping } from "./read_values.ts";
import type { Report } from "./report.ts";
import type { DefaultsValues, RouteValues } from "./schema.ts";
import { SERVER_WANTED } from "./server_address.ts";

/** The modes in which a key means something; keys that are not here mean something in each. */
const MODES_OF_KEYS: Partial<Record<keyof RouteValues, readonly RouteMode[]>> = {
  upstream: ["passthrough", "offload"],
  upstreams: ["passthrough", "offload"],
  proxy_protocol: ["passthrough"],
  source: ["passthrough"],
  source_fallback: ["passthrough"],
  load_balance: ["passthrough", "offload"],
  health_check: ["passthrough", "offload"],
  sticky: ["offload"],
  to: ["redirect"],
  status: ["redirect"],
  http: ["passthrough", "offload", "redirect"],
  http_upstream: ["passthrough"],
  tls: ["offload", "redirect"],
  upstream_tls: ["offload"],
  paths: ["offload"],
  basic_auth: ["offload"],
  forward_auth: ["offload"],
  rate_limit: ["offload"],
  compress: ["offload"],
  request_headers: ["offload"],
  response_headers: ["offload", "redirect"],
  hsts: ["offload", "redirect"],
  security_headers: ["offload", "redirect"],
  host_header: ["offload"],
  max_body_size: ["offload"],
  error_pages: ["offload"],
  maintenance: ["offload"],
  timeouts: ["passthrough", "offload", "redirect"],
};

/** What to do instead, where the plain answer ("remove it") would not help. */
const HINTS: Readonly<Record<string, string>> = {
  "proxy_protocol offload": "remove it: X-Forwarded-For and Forwarded carry the client's address",
  "source offload": "remove it: X-Forwarded-For and Forwarded carry the client's address",
  "sticky passthrough":
    'remove it, or set "load_balance: ip_hash": cookies are inside the TLS stream',
  "upstream redirect": 'give the URL to redirect to as "to"',
  "upstreams redirect": 'give the URL to redirect to as "to"',
  "tls passthrough": 'set "mode: offload": with passthrough the server itself has the certificate',
  "upstream_tls passthrough":
    'set "mode: offload": with passthrough the client verifies the server',
};

/** Says whether a key means something in a mode. */
function isKeyOfMode(key: keyof RouteValues, mode: RouteMode): boolean {
  return MODES_OF_KEYS[key]?.includes(mode) ?? true;
}

/** Reports the keys a route must not give, and the ones it must. */
export function checkMode(
  route: ReadMapping<RouteValues>,
  mode: RouteMode,
  context: { defaults: Partial<DefaultsValues>; report: Report },
): void {
  const { path, values } = route;
  const { report } = context;
  for (const key of Object.keys(MODES_OF_KEYS) as (keyof RouteValues)[]) {
    if (values[key] === undefined || isKeyOfMode(key, mode)) continue;
    const modes = MODES_OF_KEYS[key]!.map((name) => `mode: ${name}`);
    const hint = HINTS[`${key} ${mode}`] ?? `remove it, or set ${formatChoice(modes)}`;
    report.cannotUse([...path, key], `mode ${quote(mode)} has no use for it`, { hint });
  }
  if (values.upstream !== undefined && values.upstreams !== undefined) {
    const hint = 'give all servers as "upstreams"';
    report.cannotReadKey([...path, "upstreams"], '"upstream" is given as well', { hint });
  }
  // Where something was refused, what seems to be missing may only be misspelt.
  if (!route.isSound) return;
  const hasServers = values.upstream !== undefined || values.upstreams !== undefined;
  if ((mode === "passthrough" || mode === "offload") && !hasServers) {
    const state = `key "upstream" is missing, expected ${SERVER_WANTED[mode]}`;
    report.cannotReadMapping(path, state);
  }
  if (mode === "redirect" && values.to === undefined && context.defaults.to === undefined) {
    const state = 'key "to" is missing, expected a URL such as "https://new.example.org"';
    report.cannotReadMapping(path, state);
  }
}
