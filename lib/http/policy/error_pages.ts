/**
 * `error_pages`: the user's own pages in place of short sentences, with the status kept. Pure.
 *
 * @module
 */
import type { ErrorPagesConfig } from "../../config/message_policies.ts";
import { discardBody } from "../answer.ts";
import type { Policy } from "../application.ts";
import type { Answer } from "../message.ts";
import type { Page } from "./page.ts";
import type { Pages } from "./page_files.ts";

/** Fields that say something about the body that is replaced (RFC 9110 §8), or frame it. */
const ABOUT_THE_BODY: ReadonlySet<string> = new Set([
  "accept-ranges",
  "content-digest",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-md5",
  "content-range",
  "content-type",
  "digest",
  "etag",
  "last-modified",
  "repr-digest",
  "trailer",
  "transfer-encoding",
]);

/**
 * The policy: pages for answers of Postern's own, and with `intercept` for the servers', too.
 *
 * @param pages Holds every file that the configuration names.
 */
export function showErrorPages(config: ErrorPagesConfig, pages: Pages): Policy {
  const byStatus = new Map(
    Object.entries(config.files).map(([status, file]) => [status, pages.get(file)!]),
  );
  return async (exchange, next) => {
    const answer = await next();
    if (answer.isOwn !== true && !config.intercept) return answer;
    const page = pageFor(answer.status, byStatus);
    return page === undefined ? answer : replace(answer, page, exchange.method);
  };
}

function pageFor(status: number, byStatus: ReadonlyMap<string, Page>): Page | undefined {
  return byStatus.get(String(status)) ?? byStatus.get(`${Math.floor(status / 100)}xx`);
}

/** What else the answer says stays: when to come back, how to log in, which cookies to keep. */
function replace(answer: Answer, page: Page, method: string): Answer {
  discardBody(answer);
  const kept = answer.headers.filter(([name]) => !ABOUT_THE_BODY.has(name.toLowerCase()));
  const shown = page.answer(answer.status, method, kept);
  return answer.refusal === undefined ? shown : { ...shown, refusal: answer.refusal };
}
