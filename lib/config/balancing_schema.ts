/**
 * The keys of `routes.yaml` that say how a route's servers share its clients, and how Postern finds
 * out which of them are up. Pure.
 *
 * @module
 */
import { z } from "zod";
import { choice, list, mapping, wholeNumber } from "./schema_kinds.ts";
import { CookieName, Duration, expecting, Hostname, RequestPath } from "./scalars.ts";

/** `weight` of a server. */
export const Weight = wholeNumber(
  1,
  256,
  'remove a server that should get nothing, or give it "backup: true"',
);

/** `backup` of a server. */
export const Backup = z.boolean({ error: expecting("true or false") });

/** `load_balance`. */
export const LoadBalance = choice(["round_robin", "least_conn", "ip_hash", "random", "first"]);

/** Results in a row that turn a server's state: a day's checks would never turn it. */
const RESULTS_MAX = 100;

const STATUS_WANTED = 'a status such as 200, a class such as "2xx", or a list of them';

const StatusChoice = z.union([
  wholeNumber(200, 599),
  choice(["2xx", "3xx", "4xx", "5xx"]),
], { error: expecting(STATUS_WANTED, { numberState: "it is out of range" }) });

/** `health_check`. */
export const HealthCheck = z.union([
  choice(["off"]),
  mapping({
    type: choice(["tcp", "http"]).optional()
      .describe(
        "tcp: the server lets us in; http: it answers GET, offload only. Default tcp, or http if " +
          "path, status or host is given.",
      ),
    path: RequestPath.optional().describe('What is asked for, with type http. Default "/".'),
    host: Hostname.optional()
      .describe("Host header of the request. Default: the route's first hostname."),
    status: z.union([
      StatusChoice.transform((lone) => [lone]),
      list(StatusChoice, STATUS_WANTED).min(1, { error: expecting("at least one status") }),
    ], { error: expecting(STATUS_WANTED, { numberState: "it is out of range" }) }).optional()
      .describe("What a healthy server answers. Default: 2xx and 3xx."),
    interval: Duration.optional()
      .describe("Between two checks of a server. At least 100ms; default 10s."),
    timeout: Duration.optional().describe("For one check. Default 5s."),
    rise: wholeNumber(1, RESULTS_MAX).optional()
      .describe("Good checks in a row after which a server is up again. Default 2."),
    fall: wholeNumber(1, RESULTS_MAX).optional()
      .describe("Failed checks in a row after which a server is down. Default 3."),
  }),
], { error: expecting('"off" or a mapping with keys such as "interval"') });

/** `sticky`. */
export const Sticky = z.union([
  choice(["off"]),
  mapping({
    cookie: CookieName.describe("Name of the cookie that says which server a client has."),
  }),
], { error: expecting('"off" or "{ cookie: name }"') });
