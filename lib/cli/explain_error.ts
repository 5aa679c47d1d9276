/**
 * What the log says of an error that ends a start or a reload: why, and what to do about it where that
 * is known. Pure.
 *
 * @module
 */
import { errorText } from "../base/failures.ts";
import type { LogFields } from "../base/log.ts";
import { StateError } from "../state/state_error.ts";

const LOW_PORT = "ports below 1024 take root or CAP_NET_BIND_SERVICE";

/** Returns the fields of the log line. */
export function explainError(error: unknown): LogFields {
  const text = errorText(error);
  return { error: text, hint: error instanceof StateError ? error.hint : hintFor(text) };
}

function hintFor(text: string): string | undefined {
  return /^Cannot listen on .*: Permission denied/.test(text) ? LOW_PORT : undefined;
}
