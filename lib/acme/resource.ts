/**
 * Turns a CA's answers into checked values. Pure. Input comes from strangers.
 *
 * @module
 */
import type { z } from "zod";
import { AcmeError, parseJson } from "./acme_error.ts";
import type { AcmeAnswer } from "./transport.ts";

/** What was asked for, for the error. */
export interface ResourceLabel {
  /** Such as `order`. */
  readonly what: string;
  readonly url: string;
}

/** Parses the body of an answer. @throws {AcmeError} If it is not what was asked for. */
export function parseResource<T>(
  answer: AcmeAnswer,
  schema: z.ZodType<T>,
  { what, url }: ResourceLabel,
): T {
  const parsed = schema.safeParse(parseJson(answer.text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue.path.length === 0 ? "" : ` (${issue.path.join(".")}: ${issue.message})`;
  throw new AcmeError("unexpected", {
    status: answer.status,
    detail: `there is no ${what} at ${url}${where}`,
  });
}
