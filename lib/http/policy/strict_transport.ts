/**
 * `hsts`: tells browsers to come back over https only (RFC 6797). Over http it says nothing, and what
 * the server says there is taken out: §7.2 forbids it. Pure.
 *
 * @module
 */
import type { HstsConfig } from "../../config/message_policies.ts";
import type { Policy } from "../application.ts";
import { isFieldName } from "../http1/grammar.ts";
import type { HeaderLine } from "../message.ts";
import { withHeaders } from "./with_fields.ts";

/** The policy: one line of ours in place of the server's (RFC 6797 §6.1, §7.1). */
export function sendStrictTransport(config: HstsConfig): Policy {
  const line: HeaderLine = ["Strict-Transport-Security", formatStrictTransport(config)];
  return async (exchange, next) => {
    const answer = await next();
    const others = answer.headers.filter(([name]) => {
      return !isFieldName(name, "strict-transport-security");
    });
    if (exchange.scheme === "https") others.push(line);
    return withHeaders(answer, others);
  };
}

/** Formats the field's value (RFC 6797 §6.1; `preload` is hstspreload.org's). */
export function formatStrictTransport(config: HstsConfig): string {
  const subdomains = config.includeSubdomains ? "; includeSubDomains" : "";
  return `max-age=${config.maxAgeSeconds}${subdomains}${config.preload ? "; preload" : ""}`;
}
