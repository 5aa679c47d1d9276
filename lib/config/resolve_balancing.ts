/**
 * `load_balance`, `health_check` and `sticky` -> how a route's servers share its clients; refuses
 * weights and backups that would mean nothing. Pure.
 *
 * @module
 */
import { formatDuration } from "../base/durations.ts";
import { formatHostPattern } from "../base/hostnames.ts";
import { HEALTH_INTERVAL_MIN_MS, HEALTH_INTERVAL_MS, HEALTH_TIMEOUT_MS } from "../base/limits.ts";
import type {
  HealthCheckConfig,
  HealthProbe,
  LoadBalance,
  StatusRange,
  StickyConfig,
} from "./config.ts";
import type { Path } from "./report.ts";
import type { RouteContext } from "./route_context.ts";
import type { RouteValues } from "./schema.ts";

/** One lost packet is no reason to send everybody elsewhere. */
const FALL = 3;

/** A server that has just come up may go down again. */
const RISE = 2;

const SUCCESS: readonly StatusRange[] = [{ from: 200, to: 399 }];

/** What a `health_check` mapping holds. */
type HealthCheckValues = Exclude<NonNullable<RouteValues["health_check"]>, "off">;

/** Reports servers that are all backups, and weights that nothing looks at. */
export function checkBalance({ mode, report, route }: RouteContext, balance: LoadBalance): void {
  if (mode !== "passthrough" && mode !== "offload") return;
  const { path, values } = route;
  const key = values.upstream === undefined ? "upstreams" : "upstream";
  const servers = values[key] ?? [];
  const pathOf = (index: number) => report.itemPath([...path, key], index);
  if (servers.length > 0 && servers.every(({ backup }) => backup === true)) {
    report.cannotUse([...pathOf(0), "backup"], "every server of this route is a backup", {
      hint: 'remove "backup" from the server that should get clients',
    });
  }
  if (balance !== "first") return;
  servers.forEach(({ weight }, index) => {
    if (weight === undefined) return;
    report.cannotUse([...pathOf(index), "weight"], '"load_balance: first" has no use for it', {
      hint: 'remove it, or set "load_balance: round_robin" for this route',
    });
  });
}

/** Resolves the health check of a passthrough or offload route; undefined if there is none. */
export function resolveHealthCheck(context: RouteContext): HealthCheckConfig | undefined {
  const { defaults, mode, route } = context;
  if (mode !== "passthrough" && mode !== "offload") return undefined;
  const own = route.values.health_check;
  const given = own ?? defaults.health_check;
  if (given === undefined || given === "off") return undefined;
  const general = defaults.health_check;
  const values = { ...(general === "off" ? {} : general), ...(own === "off" ? {} : own) };
  checkOwn(context, own);
  const { interval = HEALTH_INTERVAL_MS, timeout = HEALTH_TIMEOUT_MS } = values;
  if (interval < HEALTH_INTERVAL_MIN_MS) {
    const state = `it is shorter than ${formatDuration(HEALTH_INTERVAL_MIN_MS)}`;
    context.report.cannotUse(pathOf(context, "interval"), state);
  }
  return {
    probe: resolveProbe(context, values),
    intervalMs: interval,
    timeoutMs: timeout,
    rise: values.rise ?? RISE,
    fall: values.fall ?? FALL,
  };
}

/** What `defaults` say for offloaded hosts has no use here, and is no mistake. */
function resolveProbe(context: RouteContext, values: HealthCheckValues): HealthProbe {
  if (context.mode !== "offload" || kindOf(values) === "tcp") return { kind: "tcp" };
  return {
    kind: "http",
    path: values.path ?? "/",
    host: values.host ?? firstHostname(context),
    statuses: values.status?.map(rangeOf) ?? SUCCESS,
  };
}

function kindOf({ type, path, status, host }: HealthCheckValues): "tcp" | "http" {
  const isHttp = path !== undefined || status !== undefined || host !== undefined;
  return type ?? (isHttp ? "http" : "tcp");
}

/** Reports keys of a route's own check that do not go together. */
function checkOwn(context: RouteContext, own: RouteValues["health_check"]): void {
  if (own === undefined || own === "off") return;
  const { mode, report, route } = context;
  if (mode === "passthrough" && own.type === "http") {
    report.cannotUse(
      [...route.path, "health_check", "type"],
      'servers of mode "passthrough" are asked nothing, only connected to',
      { hint: 'write "type: tcp"' },
    );
  }
  if (mode === "offload" && own.type !== "tcp") return;
  for (const key of ["path", "status", "host"] as const) {
    if (own[key] === undefined) continue;
    const state = mode === "passthrough"
      ? 'mode "passthrough" has no use for it'
      : '"type: tcp" has no use for it';
    const hint = mode === "passthrough" ? "remove it" : 'remove it, or write "type: http"';
    report.cannotUse([...route.path, "health_check", key], state, { hint });
  }
}

/** Where a key of the check stands, in the route or in the defaults. */
function pathOf({ route, report }: RouteContext, key: string): Path {
  const own = [...route.path, "health_check", key];
  return report.valueAt(own) === undefined ? ["defaults", "health_check", key] : own;
}

function firstHostname({ route }: RouteContext): string | undefined {
  const exact = route.values.hosts?.find(({ kind }) => kind === "exact");
  return exact === undefined ? undefined : formatHostPattern(exact);
}

function rangeOf(status: number | string): StatusRange {
  if (typeof status === "number") return { from: status, to: status };
  const from = 100 * Number(status[0]);
  return { from, to: from + 99 };
}

/** Resolves the cookie of an offload route; undefined if there is none. */
export function resolveSticky({ defaults, mode, route }: RouteContext): StickyConfig | undefined {
  if (mode !== "offload") return undefined;
  const given = route.values.sticky ?? defaults.sticky;
  return given === undefined || given === "off" ? undefined : { cookie: given.cookie };
}
