/**
 * The keys of `routes.yaml` that say who may come in, and how often: `basic_auth`, `forward_auth`,
 * `rate_limit`. Pure.
 *
 * @module
 */
import { z } from "zod";
import { parsePasswordHash, type PasswordHash } from "../base/password_hash.ts";
import { quote } from "./problem.ts";
import type { ServerAddress } from "./server_address.ts";
import { parseServerAddress } from "./server_address.ts";
import { Duration, expecting, FilePath, type Reading, text } from "./scalars.ts";
import { choice, list, mapping, wholeNumber } from "./schema_kinds.ts";

/** Where a forward_auth subrequest goes. */
export interface AuthUrl {
  readonly server: ServerAddress;
  /** Path and query. */
  readonly target: string;
  /** Host and port as written: the Host header. */
  readonly authority: string;
}

const HASH_HINT = '"postern hash-password" makes one';

/** The hash of a password. Never shown in a message: it may be the password itself. */
const HashText = text(
  'what "postern hash-password" prints',
  (input): Reading<PasswordHash> => {
    const parsed = parsePasswordHash(input);
    if (parsed.kind === "hash") return { kind: "value", value: parsed.hash };
    return { kind: "problem", state: parsed.state, hint: HASH_HINT };
  },
  { isSecret: true },
);

/** RFC 7617 §2: a user's name has no colon, for that is where the password begins. */
const USER_NAME = /^[ -9;-~\u00a0-\uffff]{1,255}$/;

const UserName = z.string().regex(USER_NAME, {
  error: ({ input }) => explainUserName(typeof input === "string" ? input : ""),
});

function explainUserName(name: string): string {
  if (name === "") return "a user's name is empty";
  const told = `the user's name ${quote(name)}`;
  if (name.includes(":")) return `${told} has a colon, behind which browsers send the password`;
  return `${told} ${name.length > 255 ? "is too long" : "has a control character"}`;
}

const Users = z.record(
  UserName,
  HashText,
  { error: expecting('a mapping such as "{ alice: scrypt$… }"') },
);

/** What can stand in a quoted string (RFC 9110 §5.6.4) without an escape that clients get wrong. */
const Realm = text("a text of visible ASCII, without quotes", (input): Reading<string> => {
  if (/^[\x20\x21\x23-\x5b\x5d-\x7e]{1,128}$/.test(input)) return { kind: "value", value: input };
  return { kind: "problem", state: input === "" ? "it is empty" : "it cannot be a realm" };
});

/** What switches a policy off, for a path or a route. */
function off(wanted: string) {
  return z.literal("off", { error: expecting(wanted) });
}

const YesNo = z.boolean({ error: expecting("true or false") });

const BASIC_AUTH_WANTED = '"off" or a mapping with keys such as "users"';

/** `basic_auth`. */
export const BasicAuth = z.union([
  off(BASIC_AUTH_WANTED),
  mapping({
    users: Users.optional().describe("Names, each with what postern hash-password printed."),
    users_file: FilePath.optional()
      .describe("File with one name:hash per line; read at the start and at each reload."),
    realm: Realm.optional()
      .describe("What the browser shows when it asks for a name and a password."),
    pass: YesNo.optional()
      .describe("Whether the upstream gets the Authorization header too. Default false."),
  }),
], { error: expecting(BASIC_AUTH_WANTED) });

/** A field name (RFC 9110 §5.1). */
const FieldName = text("the name of a header", (input): Reading<string> => {
  if (!/^[\w!#$%&'*+.^`|~-]{1,128}$/.test(input)) {
    return {
      kind: "problem",
      state: input === "" ? "it is empty" : "it cannot be a header's name",
    };
  }
  return NEVER_COPIED.test(input)
    ? { kind: "problem", state: "it belongs to the connection or the message, and is not copied" }
    : { kind: "value", value: input };
});

/** Framing, routing and what Postern itself tells about the client. */
const NEVER_COPIED =
  /^(?:connection|content-length|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade|via|forwarded|x-forwarded-.*|x-real-ip|set-cookie)$/i;

const AuthUrlText = text(
  'a URL such as "http://authelia:9091/api/authz/forward-auth"',
  (input): Reading<AuthUrl> => {
    const match = /^(https?:\/\/([^/?#]*))(\/[^#]*)?$/i.exec(input);
    if (match === null) {
      return { kind: "problem", state: 'it does not begin with "http://" or "https://"' };
    }
    const reading = parseServerAddress(match[1], "offload");
    if (reading.kind === "problem") return reading;
    const target = match[3] ?? "/";
    if (!/^[!-~]+$/.test(target)) {
      return { kind: "problem", state: "its path holds more than visible ASCII" };
    }
    return { kind: "value", value: { server: reading.value, target, authority: match[2] } };
  },
  { pattern: "^https?://" },
);

const FORWARD_AUTH_WANTED = '"off" or a mapping with keys such as "url"';

/** `forward_auth`. */
export const ForwardAuth = z.union([
  off(FORWARD_AUTH_WANTED),
  mapping({
    url: AuthUrlText.optional().describe("What is asked, by GET, before each request."),
    copy_headers: list(FieldName, "a list of header names").optional()
      .describe("Headers of its answer that the upstream gets; a client's own are dropped."),
    request_headers: list(FieldName, "a list of header names").optional()
      .describe("Headers of the client that it gets. Default: all but those about the body."),
    timeout: Duration.optional().describe("For its whole answer. Default 10s."),
  }),
], { error: expecting(FORWARD_AUTH_WANTED) });

/** Requests of one `per`: a limit of more is none. */
const REQUESTS_MAX = 1_000_000;

const RATE_LIMIT_WANTED = '"off" or a mapping with keys such as "requests"';

/** `rate_limit`. */
export const RateLimit = z.union([
  off(RATE_LIMIT_WANTED),
  mapping({
    requests: wholeNumber(1, REQUESTS_MAX).optional().describe("Requests of one client."),
    per: Duration.optional().describe("The time they are spread over. Default 1s."),
    burst: wholeNumber(1, REQUESTS_MAX).optional()
      .describe("Requests that may come at once after a pause. Default: as many as requests."),
    key: choice(["address"]).optional()
      .describe("Who counts as one client: an IPv4 address, or a /64 of IPv6 addresses."),
  }),
], { error: expecting(RATE_LIMIT_WANTED) });
