/**
 * What one entry of `paths` holds beside the policies: which requests it is for, and where they go.
 * Pure.
 *
 * @module
 */
import { z } from "zod";
import { PATH_ANSWER_MAX_CHARACTERS } from "../base/limits.ts";
import { encodePathText, foldPathText, normalizePathText } from "../base/path_text.ts";
import type { PathPattern } from "./config.ts";
import { quote } from "./problem.ts";
import { expecting, type Reading, readRedirectTarget, readRequestPath, text } from "./scalars.ts";
import { mapping, wholeNumber } from "./schema_kinds.ts";

/** `path`: `/exact`, or `/below/*` for `/below` and everything below it; as a person reads it. */
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
  const special = SPECIAL.exec(path)?.[0];
  if (special !== undefined) return problem(...explain(special, input));
  const text = normalizePathText(path);
  const folded = SPECIAL.exec(foldPathText(text))?.[0];
  if (folded !== undefined) return problem(`some servers read a letter of it as ${quote(folded)}`);
  if (/\/\//.test(path) || (isPrefix && path.endsWith("/"))) {
    return problem("it has an empty segment");
  }
  if (/\/\.{1,2}(?:\/|$)/.test(path)) return problem('it has a segment "." or ".."');
  // Windows leaves the dot out: no request for it would be of this entry alone.
  if (/\.(?:\/|$)/.test(foldPathText(text))) return problem('a segment of it ends with "."');
  if (/ (?:\/|$)|\/ /.test(path)) return problem("a segment of it begins or ends with a space");
  return { kind: "value", value: { kind: isPrefix ? "prefix" : "exact", path: text } };
}

/** What means something else, or nothing that a person sees: letters, marks, signs and spaces remain. */
const SPECIAL =
  /[*:{}?#\\;%\ufffd]|\p{Default_Ignorable_Code_Point}|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

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
      return explainEscape(input);
    default:
      return [`${quote(special)} cannot stand in it`];
  }
}

function explainEscape(input: string): [state: string, hint?: string] {
  if (!/%[\da-f]{2}/i.test(input)) return ['"%" cannot stand in it'];
  try {
    const meant = decodeURIComponent(input);
    // A slash or a star would mean something else.
    if (!/%2[5af]/i.test(input) && readPathPattern(meant).kind === "value") {
      return ["it is percent-encoded", `write ${quote(meant)}`];
    }
  } catch {
    // Bytes that are no UTF-8: nothing that could be written instead.
  }
  return ["it is percent-encoded, and holds what cannot stand in it"];
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

/** `rewrite`: what stands in the place of what `path` says. Sent with what needs an escape escaped. */
export const Rewrite = text('a path such as "/v2"', (input): Reading<string> => {
  if (!input.startsWith("/")) return problem('it does not begin with "/"');
  const control = CONTROL.exec(input)?.[0];
  if (control !== undefined) return problem(`${quote(control)} cannot stand in it`);
  if (/[?#*\\]/.test(input)) return problem("it has a query, a fragment, a backslash or a star");
  return input.startsWith("//") || /\/\.{1,2}(?:\/|$)/.test(input)
    ? problem('it has an empty segment, or one that is "." or ".."')
    : { kind: "value", value: encodePathText(input) };
}, { pattern: "^/" });

/** What nobody sees, and halves of characters. */
const CONTROL = /[\p{C}\p{Zl}\p{Zp}]/u;

/** `to` of a path: a URL, or a path of the same host. */
export const PathRedirectTarget = text(
  'a URL such as "https://new.example.org" or a path such as "/new"',
  (input): Reading<string | URL> => {
    if (/^https?:\/\//i.test(input)) return readRedirectTarget(input);
    if (/^\/[/\\]/.test(input)) return problem("it would be read as another host");
    if (input.startsWith("/")) {
      return readRequestPath(CONTROL.test(input) ? input : encodePathText(input));
    }
    return problem('it does not begin with "https://", "http://" or "/"');
  },
  { pattern: "^(?:/|https?://)" },
);

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
