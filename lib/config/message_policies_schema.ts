/**
 * The keys of `routes.yaml` that change messages and refuse some: headers, HSTS, the size of bodies,
 * error pages, maintenance. Pure.
 *
 * @module
 */
import { z } from "zod";
import type { Cidr } from "../base/cidr.ts";
import { HOP_BY_HOP_FIELDS } from "../base/hop_by_hop.ts";
import {
  BodySize,
  CidrBlock,
  HeaderName,
  HeaderValue,
  HostHeader,
  isHeaderName,
  Lifetime,
  PageFile,
} from "./policy_scalars.ts";
import { expecting } from "./scalars.ts";
import { list, mapping } from "./schema_kinds.ts";

/** A field that nobody may change, and why or what to do instead. */
type Reserved = (name: string) => { readonly state: string; readonly hint?: string } | undefined;

const reservedInAnswers: Reserved = (name) => {
  if (name === "content-length") return { state: "the body decides it" };
  if (!HOP_BY_HOP_FIELDS.has(name)) return undefined;
  return { state: "it belongs to a single connection, and is never passed on" };
};

const reservedInRequests: Reserved = (name) => {
  if (name === "host") return { state: "another key sets it", hint: 'set "host_header"' };
  // Without it a request that goes round in circles is not recognized.
  if (name === "via") return { state: "RFC 9110 §7.6.3 demands it of a proxy" };
  return reservedInAnswers(name);
};

const LINES_WANTED = 'a mapping of header names such as "{ X-Robots-Tag: noindex }"';

/** A mapping from field names; each name once, whatever its case (RFC 9110 §5.1). */
function lines<T extends z.ZodType>(value: T, reserved: Reserved) {
  return z.record(z.string(), value, { error: expecting(LINES_WANTED) })
    .superRefine((mapping, context) => {
      const seen = new Set<string>();
      for (const name of Object.keys(mapping)) {
        const lowerCase = name.toLowerCase();
        const { state, hint } = refuseName(name, seen, reserved) ?? {};
        seen.add(lowerCase);
        if (state === undefined) continue;
        context.addIssue({ code: "custom", path: [name], message: state, params: { hint } });
      }
    });
}

function refuseName(name: string, seen: ReadonlySet<string>, reserved: Reserved) {
  if (!isHeaderName(name)) return { state: "its key cannot be a header name", hint: undefined };
  if (seen.has(name.toLowerCase())) return { state: "the header is already given above" };
  return reserved(name.toLowerCase());
}

const VALUES_WANTED = { error: expecting("text for a header or a list of texts") };

const HeaderValues = z.union([
  HeaderValue.transform((lone) => [lone]),
  list(HeaderValue, "a list of texts").min(1, { error: expecting("at least one text") }),
], VALUES_WANTED);

function changes(reserved: Reserved) {
  const name = HeaderName.superRefine((name, context) => {
    const refusal = reserved(name.toLowerCase());
    if (refusal === undefined) return;
    const { state: message, hint } = refusal;
    context.addIssue({ code: "custom", message, params: { hint } });
  });
  return mapping({
    set: lines(HeaderValue, reserved).optional()
      .describe("One line of each name, with this value, in place of all there are."),
    add: lines(HeaderValues, reserved).optional()
      .describe("Lines besides those that are there: a value or a list of values."),
    remove: list(name, "a list of header names").optional()
      .describe("Names of which no line is left. Done first, then set, then add."),
  });
}

const YesOrNo = z.boolean({ error: expecting("true or false") });

/** `hsts`; true stands for a mapping that gives nothing. */
const Hsts = z.union([
  YesOrNo.transform((isOn): HstsChoice => isOn ? {} : false),
  mapping({
    max_age: Lifetime.optional().describe("How long browsers insist on https. Default 1y."),
    include_subdomains: YesOrNo.optional()
      .describe("Also on every name below this host. Default false."),
    preload: YesOrNo.optional().describe(
      "Agrees to be built into browsers; needs include_subdomains and max_age 1y. Default false.",
    ),
  }).transform((values): HstsChoice => values),
], { error: expecting('true, false or a mapping with keys such as "max_age"') });

type HstsChoice = false | {
  readonly max_age?: number;
  readonly include_subdomains?: boolean;
  readonly preload?: boolean;
};

/** `maintenance`; true stands for a mapping that gives nothing. */
const Maintenance = z.union([
  YesOrNo.transform((isOn): MaintenanceChoice => isOn ? {} : false),
  mapping({
    page: PageFile.optional().describe("File that is sent. Default: a short sentence."),
    retry_after: Lifetime.optional().describe("When clients may come back. Default 5m."),
    allow: list(CidrBlock, "a list of blocks of IP addresses").optional()
      .describe("Clients that are served all the same."),
  }).transform((values): MaintenanceChoice => values),
], { error: expecting('true, false or a mapping with keys such as "page"') });

type MaintenanceChoice = false | {
  readonly page?: string;
  readonly retry_after?: number;
  readonly allow?: readonly Cidr[];
};

/** The statuses in use (RFC 9110 §15.5, §15.6, and the registry of IANA). */
const ERROR_STATUSES = [
  ...["400", "401", "402", "403", "404", "405", "406", "407", "408", "409", "410", "411", "412"],
  ...["413", "414", "415", "416", "417", "421", "422", "423", "424", "425", "426", "428", "429"],
  ...["431", "451", "500", "501", "502", "503", "504", "505", "506", "507", "508", "511"],
];

function errorPageKeys(): Record<string, z.ZodOptional<typeof PageFile>> {
  const entries = ["4xx", "5xx", ...ERROR_STATUSES].map((key) => {
    const what = key.endsWith("xx") ? `every other status ${key}` : `status ${key}`;
    return [key, PageFile.optional().describe(`File that is sent with ${what}.`)] as const;
  });
  return Object.fromEntries(entries);
}

const ErrorPages = mapping({
  ...errorPageKeys(),
  intercept: YesOrNo.optional()
    .describe("Replaces the servers' own error answers, too. Default false."),
});

/** The keys. */
export const MESSAGE_POLICY_KEYS = {
  request_headers: changes(reservedInRequests).optional()
    .describe("Changes to the headers that servers get; offload only."),
  response_headers: changes(reservedInAnswers).optional()
    .describe("Changes to the headers that clients get; offload and redirect."),
  hsts: Hsts.optional()
    .describe("Strict-Transport-Security: browsers insist on https. Default false."),
  security_headers: YesOrNo.optional()
    .describe(
      "Adds headers that are good for most sites, where the server sends none. Default false.",
    ),
  host_header: HostHeader.optional()
    .describe("The Host header that servers get: the client's (keep), their own, or a fixed one."),
  max_body_size: BodySize.optional()
    .describe("A request with a larger body is answered with 413. Default unlimited."),
  error_pages: ErrorPages.optional().describe("Files to send with error statuses."),
  maintenance: Maintenance.optional()
    .describe("Answers every request with 503. Default false."),
};

/** What the keys hold, in a route or wherever else they may stand. */
export type MessagePolicyValues = {
  readonly [Key in keyof typeof MESSAGE_POLICY_KEYS]?: z.output<
    (typeof MESSAGE_POLICY_KEYS)[Key]
  >;
};
