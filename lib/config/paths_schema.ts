/**
 * What one entry of `paths` holds beside the policies: which requests it is for, and where they go.
 * Pure.
 *
 * @module
 */
import { z } from "zod";
import { PATH_ANSWER_MAX_CHARACTERS } from "../base/limits.ts";
import type { PathPattern } from "./config.ts";
import { quote } from "./problem.ts";
import { expecting, type Reading, RedirectTarget, RequestPath, text } from "./scalars.ts";
import { mapping, wholeNumber } from "./schema_kinds.ts";

/** `path`: `/exact`, or `/below/*` for `/below` and everything below it. */
export const PathPatternText = text(
  'a path such as "/api/*" or "/robots.txt"',
  readPathPattern,
  { pattern: "^/" },
);

function readPathPattern(input: string): Reading<PathPattern> {
  if (!input.startsWith("/")) {
    return problem('it does not begin with "/"', `write ${quote(`/${input}`)}`);
  }
  const isPrefix = input.endsWith("/*");
  const path = isPrefix ? input.slice(0, -2) : input;
  const special = /[*:{}?#\\;%]|[^!-~]/.exec(path)?.[0];
  if (special !== undefined) return problem(...explain(special, input));
  if (/\/\//.test(path) || (isPrefix && path.endsWith("/"))) {
    return problem("it has an empty segment");
  }
  if (/\/\.{1,2}(?:\/|$)/.test(path)) return problem('it has a segment "." or ".."');
  // Windows leaves the dot out: no request for it would be of this entry alone.
  if (/\.(?:\/|$)/.test(path)) return problem('a segment of it ends with "."');
  return {
    kind: "value",
    value: { kind: isPrefix ? "prefix" : "exact", path: path.toLowerCase() },
  };
}

/** What people know from other programs, and what no request that is matched can hold. */
function explain(special: string, input: string): [state: string, hint?: string] {
  switch (special) {
    case "*": {
      const head = input.slice(0, input.indexOf("*")).replace(/\/?[^/]*$/, "");
      return ['"*" stands for everything below a path, at its end', `write ${quote(`${head}/*`)}`];
    }
    case ":":
    case "{":
    case "}":
      return [`${quote(special)} does not name a part of the path`, 'write "/*" for what is below'];
    case "?":
    case "#":
      return ["it has a query or a fragment", "only the path decides"];
    case "%":
      return ["it is percent-encoded", "requests are decoded before they are compared"];
    default:
      return [`${quote(special)} cannot stand in it`];
  }
}

function problem(state: string, hint?: string): { kind: "problem"; state: string; hint?: string } {
  return { kind: "problem", state, hint };
}

/** `strip_prefix`: `true` for the whole of what `path` says, or a part of it. */
export const StripPrefix = z.union([
  z.boolean(),
  text('true or a path such as "/api"', (input): Reading<string> => {
    const pattern = readPathPattern(input);
    if (pattern.kind === "problem") return pattern;
    if (pattern.value.kind === "prefix") {
      return problem('it ends in "/*"', `write ${quote(input.slice(0, -2))}`);
    }
    return { kind: "value", value: pattern.value.path.replace(/\/$/, "") };
  }),
], { error: expecting('true or a path such as "/api"') });

/** `rewrite`: what stands in the place of what `path` says. */
export const Rewrite = text('a path such as "/v2"', (input): Reading<string> => {
  if (!/^\/[!-~]*$/.test(input)) return problem('it does not begin with "/", or holds a space');
  if (/[?#*\\]/.test(input)) return problem("it has a query, a fragment, a backslash or a star");
  return input.startsWith("//") || /\/\.{1,2}(?:\/|$)/.test(input)
    ? problem('it has an empty segment, or one that is "." or ".."')
    : { kind: "value", value: input };
}, { pattern: "^/" });

/** `to` of a path: a URL, or a path of the same host. */
export const PathRedirectTarget = z.union([
  RequestPath.refine((path) => !/^\/[/\\]/.test(path), {
    error: 'it would be read as another host, expected one "/" at the start',
    abort: true,
  }),
  RedirectTarget,
], { error: expecting('a URL such as "https://new.example.org" or a path such as "/new"') });

const AnswerStatus = wholeNumber(200, 599);

/** A field value (RFC 9110 §5.5), ASCII. */
const ContentType = text(
  'a media type such as "text/plain"',
  (input): Reading<string> =>
    /^[\w.+-]+\/[\w.+-]+(?:; ?[\w-]+=[\w.-]+)*$/.test(input)
      ? { kind: "value", value: input }
      : problem("it is not a media type"),
);

const AnswerText = z.string({ error: expecting("a text") })
  .max(PATH_ANSWER_MAX_CHARACTERS, { error: expecting("a text of at most 64 KiB") });

/** `respond`: an answer of Postern's own. */
export const Respond = z.union([
  AnswerStatus.transform((status) => ({ status, body: undefined, content_type: undefined })),
  mapping({
    status: AnswerStatus.optional().describe("Default 200."),
    body: AnswerText.optional().describe("The text; default none."),
    content_type: ContentType.optional().describe("Default text/plain; charset=utf-8."),
  }),
], { error: expecting('a status such as 404, or a mapping with keys such as "body"') });
