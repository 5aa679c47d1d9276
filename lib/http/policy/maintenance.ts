/**
 * `maintenance`: every request is answered with 503, but those of clients that are let through, who
 * see whether the work is done. Pure.
 *
 * @module
 */
import { CidrSet } from "../../base/cidr.ts";
import type { MaintenanceConfig } from "../../config/message_policies.ts";
import { plainAnswer } from "../answer.ts";
import type { Policy } from "../application.ts";
import type { HeaderLine } from "../message.ts";
import type { Pages } from "./page_files.ts";

/**
 * The policy: 503 with Retry-After (RFC 9110 §10.2.3, §15.6.4).
 *
 * @param pages Holds the page that the configuration names, if it names one.
 */
export function underMaintenance(config: MaintenanceConfig, pages: Pages): Policy {
  const allowed = new CidrSet(config.allow);
  const page = config.pageFile === undefined ? undefined : pages.get(config.pageFile)!;
  const retryAfter: HeaderLine = ["Retry-After", String(config.retryAfterSeconds)];
  return (exchange, next) => {
    if (allowed.contains(exchange.client.ip)) return next();
    exchange.body?.cancel();
    if (page === undefined) {
      return plainAnswer(503, "Service under maintenance: try again later", [retryAfter]);
    }
    return page.answer(503, exchange.method, [["Cache-Control", "no-store"], retryAfter]);
  };
}
