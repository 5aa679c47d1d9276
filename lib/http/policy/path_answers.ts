/**
 * What a path answers without an upstream: a redirect, or a text of the configuration. Pure.
 *
 * @module
 */
import type { PathRedirectConfig, RespondConfig } from "../../config/config.ts";
import { isBodiless } from "../answer.ts";
import type { Handler } from "../application.ts";
import { encodeLatin1 } from "../http1/latin1.ts";

/**
 * Redirects (RFC 9110 §15.4). Whether it may be kept is left to the status, as with redirect routes.
 *
 * @param redirect With `keepsTarget`, the exchange's target is the rewritten one.
 */
export function redirectPath({ location, keepsTarget, status }: PathRedirectConfig): Handler {
  return ({ target }) => {
    const to = keepsTarget ? location + (target === "*" ? "/" : target) : location;
    return {
      status,
      reason: "",
      headers: [["Content-Type", "text/plain; charset=utf-8"], ["Location", to]],
      body: encodeLatin1(`${to}\n`),
    };
  };
}

/** Answers with what the configuration says. */
export function respondWith({ status, body, contentType }: RespondConfig): Handler {
  const bytes = new TextEncoder().encode(body);
  const hasBody = bytes.length > 0 && !isBodiless(status) && status !== 205;
  return () => ({
    status,
    reason: "",
    headers: hasBody ? [["Content-Type", contentType]] : [],
    body: hasBody ? bytes : undefined,
  });
}
