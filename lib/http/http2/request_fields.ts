/**
 * Reads a request from the fields of its HEADERS frame (RFC 9113 §8.2, §8.3): what is malformed ends
 * the stream, what is well-formed but not served is refused with a status, and the rest means the same as
 * it would over HTTP/1.1. Pure. Input comes from strangers.
 *
 * @module
 */
import { TARGET_MAX_BYTES } from "../../base/limits.ts";
import { isAuthority } from "../authority.ts";
import { isRequestTarget, isToken } from "../http1/grammar.ts";
import type { HeaderLine } from "../message.ts";
import { findFieldFault } from "./field_grammar.ts";
import { FIELD_MEANING } from "./field_meaning.ts";

/** A request without its body. */
export interface RequestHead {
  readonly kind: "request";
  readonly method: string;
  /** Origin form, or `*`. */
  readonly target: string;
  /** `:authority`, else the Host field. */
  readonly authority: string;
  /** Neither pseudo-fields nor Host; cookies in one line (RFC 9113 §8.2.3). */
  readonly headers: HeaderLine[];
  /** What Content-Length says; undefined if it is not there. */
  readonly contentLength: number | undefined;
  readonly expectsContinue: boolean;
}

/** Why a request is answered at once. */
export interface RefusedHead {
  readonly kind: "refused";
  readonly status: 400 | 405 | 414 | 417;
  /** Says nothing that a stranger has sent. */
  readonly reason: string;
}

/** Why a stream ends with PROTOCOL_ERROR (RFC 9113 §8.1.1). */
export interface MalformedFields {
  readonly kind: "malformed";
  readonly reason: string;
}

/** What {@linkcode readRequestFields} found. */
export type RequestFields = RequestHead | RefusedHead | MalformedFields;

/** 15 digits are below 2^53, as in HTTP/1.1. */
const LENGTH = /^[0-9]{1,15}$/;

const CONTINUE = "100-continue";

const CONNECTION_FIELD = "a field of HTTP/1.1's connections";

/** What is known of fields beforehand. */
export interface FieldsOptions {
  /** Whether each of them keeps to the grammar, so that it need not be looked at again. */
  readonly areSound: boolean;
}

/** Reads a request's header section. @param endsStream Whether there is no body. */
export function readRequestFields(
  fields: readonly HeaderLine[],
  endsStream: boolean,
  options?: FieldsOptions,
): RequestFields {
  const fault = findFault(fields, options);
  if (fault !== undefined) return malformed(fault);
  const section = new HeaderSection();
  for (const field of fields) {
    const reason = section.take(field);
    if (reason !== undefined) return malformed(reason);
  }
  return section.judge(endsStream);
}

/** Reads a request's trailer section (RFC 9113 §8.1). */
export function readRequestTrailers(
  fields: readonly HeaderLine[],
  options?: FieldsOptions,
): { readonly kind: "trailers"; readonly trailers: readonly HeaderLine[] } | MalformedFields {
  const fault = findFault(fields, options);
  if (fault !== undefined) return malformed(fault);
  for (const [name] of fields) {
    if (name.startsWith(":")) return malformed("a pseudo-field in a trailer section");
    if (FIELD_MEANING.get(name) === "connection") return malformed(CONNECTION_FIELD);
  }
  return { kind: "trailers", trailers: fields };
}

function findFault(fields: readonly HeaderLine[], options?: FieldsOptions): string | undefined {
  if (options?.areSound === true) return undefined;
  for (const field of fields) {
    const fault = findFieldFault(field);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** One header section as it is read. States: pseudo-fields, then fields; judged (terminal). */
class HeaderSection {
  readonly #headers: HeaderLine[] = [];
  #hasFields = false;
  #method: string | undefined;
  #scheme: string | undefined;
  #authority: string | undefined;
  #path: string | undefined;
  #host: string | undefined;
  #length: string | undefined;
  #cookieAt = -1;
  /** Well-formed, but refused: the first reason for it. */
  #refusal: RefusedHead | undefined;
  #hasExpectation = false;

  /** Takes one field. @returns Why it is malformed; undefined if it is not. */
  take(field: HeaderLine): string | undefined {
    const meaning = FIELD_MEANING.get(field[0]);
    if (meaning === "pseudo") return this.#takePseudo(field);
    this.#hasFields = true;
    if (meaning === "special") return this.#takeSpecial(field);
    if (meaning === "connection") return CONNECTION_FIELD;
    if (meaning === undefined && field[0].startsWith(":")) return "an unknown pseudo-field";
    this.#headers.push(field);
    return undefined;
  }

  /** §8.3: they stand first, and each once. */
  #takePseudo([name, value]: HeaderLine): string | undefined {
    if (this.#hasFields) return "a pseudo-field behind fields";
    switch (name) {
      case ":method":
        if (this.#method !== undefined) return "a repeated pseudo-field";
        this.#method = value;
        return isToken(value) ? undefined : "a method that is no token";
      case ":scheme":
        if (this.#scheme !== undefined) return "a repeated pseudo-field";
        this.#scheme = value;
        return undefined;
      case ":authority":
        if (this.#authority !== undefined) return "a repeated pseudo-field";
        this.#authority = value;
        return undefined;
      default:
        if (this.#path !== undefined) return "a repeated pseudo-field";
        this.#path = value;
        return undefined;
    }
  }

  #takeSpecial(field: HeaderLine): string | undefined {
    const [name, value] = field;
    switch (name) {
      case "host":
        if (this.#host !== undefined) this.#refuse(400, "more than one Host");
        this.#host = value;
        return undefined;
      case "cookie":
        this.#takeCookie(field);
        return undefined;
      case "content-length":
        return this.#takeLength(field);
      case "expect":
        this.#hasExpectation = true;
        if (value.toLowerCase() !== CONTINUE) this.#refuse(417, "unknown expectation");
        break;
      case "te":
        // §8.2.2. What it says concerns this connection, so it goes no further.
        if (value.toLowerCase() !== "trailers") return "a TE other than trailers";
    }
    this.#headers.push(field);
    return undefined;
  }

  /** §8.2.3: they were split to be compressed, and HTTP/1.1 knows one line only. */
  #takeCookie(field: HeaderLine): void {
    if (this.#cookieAt < 0) {
      this.#cookieAt = this.#headers.push(field) - 1;
      return;
    }
    const before = this.#headers[this.#cookieAt][1];
    const crumb = field[1];
    // An empty one would leave whitespace at an end.
    const isEmpty = before === "" || crumb === "";
    const joined = isEmpty ? before + crumb : `${before}; ${crumb}`;
    this.#headers[this.#cookieAt] = ["cookie", joined];
  }

  #takeLength(field: HeaderLine): string | undefined {
    const [, value] = field;
    if (!LENGTH.test(value)) return "Content-Length is no number";
    if (this.#length === undefined) {
      this.#length = value;
      this.#headers.push(field);
      return undefined;
    }
    if (this.#length !== value) return "Content-Lengths that differ";
    this.#refuse(400, "Content-Length is repeated");
    return undefined;
  }

  #refuse(status: RefusedHead["status"], reason: string): void {
    this.#refusal ??= { kind: "refused", status, reason };
  }

  judge(endsStream: boolean): RequestFields {
    const method = this.#method;
    if (method === undefined) return malformed("a pseudo-field is missing");
    // A tunnel to anywhere: not what a reverse proxy is for, whatever else it says (RFC 9110 §9.3.6).
    if (method === "CONNECT") return refused(405, "CONNECT is not served");
    const path = this.#path;
    if (this.#scheme === undefined || path === undefined) {
      return malformed("a pseudo-field is missing");
    }
    if (!path.startsWith("/") && (path !== "*" || method !== "OPTIONS")) {
      return malformed("a path that begins with no slash");
    }
    const contentLength = this.#length === undefined ? undefined : Number(this.#length);
    if (endsStream && contentLength !== undefined && contentLength > 0) {
      return malformed("a length without a body");
    }
    const authority = this.#authority ?? this.#host ?? "";
    this.#refuseTarget(path);
    this.#refuseAuthority(authority);
    if (this.#refusal !== undefined) return this.#refusal;
    return {
      kind: "request",
      method,
      target: path,
      authority,
      headers: this.#headers,
      contentLength,
      expectsContinue: this.#hasExpectation && !endsStream && contentLength !== 0,
    };
  }

  #refuseTarget(path: string): void {
    if (path.length > TARGET_MAX_BYTES) this.#refuse(414, "the target is too long");
    else if (!isRequestTarget(path)) this.#refuse(400, "the target holds other than visible ASCII");
    // As over HTTP/1.1: what stands behind "#" would be read by some only.
    else if (path.includes("#")) this.#refuse(400, "the target has a fragment");
    if (this.#scheme !== "https" && this.#scheme !== "http") this.#refuse(400, "unknown :scheme");
  }

  /** §8.3.1: one of the two has to be there, and both say the same. */
  #refuseAuthority(authority: string): void {
    const host = this.#host;
    if (!isAuthority(authority)) this.#refuse(400, this.#whyUnusable());
    else if (host !== undefined && host !== authority) {
      const isSame = host.toLowerCase() === authority.toLowerCase();
      if (!isSame) this.#refuse(400, "Host and :authority differ");
    }
  }

  #whyUnusable(): string {
    if (this.#authority !== undefined) return "unusable :authority";
    return this.#host === undefined ? "neither :authority nor Host" : "unusable Host";
  }
}

function malformed(reason: string): MalformedFields {
  return { kind: "malformed", reason };
}

function refused(status: RefusedHead["status"], reason: string): RefusedHead {
  return { kind: "refused", status, reason };
}
