/**
 * What an offload route changes in messages and which of them it refuses, as the configuration says
 * it. Types only.
 *
 * @module
 */
import type { Cidr } from "../base/cidr.ts";

/** What is done with a request and its answer; what is not configured is not there. */
export interface MessagePolicies {
  readonly requestHeaders?: HeaderChanges;
  readonly responseHeaders?: HeaderChanges;
  readonly hsts?: HstsConfig;
  /** The preset is added. */
  readonly securityHeaders?: true;
  /** Not there: the host of the request is kept. */
  readonly hostHeader?: HostHeaderConfig;
  /** Bytes. */
  readonly maxBodySize?: number;
  readonly errorPages?: ErrorPagesConfig;
  readonly maintenance?: MaintenanceConfig;
}

/** Changes to header lines, made in this order. Names keep their case; no two lists are missing. */
export interface HeaderChanges {
  readonly remove: readonly string[];
  /** Each name once, whatever its case. */
  readonly set: readonly HeaderTemplate[];
  readonly add: readonly HeaderTemplate[];
}

/** A header line with a value that is known in parts. */
export interface HeaderTemplate {
  readonly name: string;
  readonly value: readonly TemplatePart[];
}

/** Text as it is sent, or what stands for a value of the request. */
export type TemplatePart = string | { readonly placeholder: HeaderPlaceholder };

/** What may stand in braces within a value. */
export type HeaderPlaceholder = "client_ip" | "host" | "scheme";

/** Strict-Transport-Security (RFC 6797 §6.1). */
export interface HstsConfig {
  readonly maxAgeSeconds: number;
  readonly includeSubdomains: boolean;
  readonly preload: boolean;
}

/** The Host header that servers get: their own host and port, or always the same. */
export type HostHeaderConfig =
  | { readonly kind: "upstream" }
  | { readonly kind: "fixed"; readonly value: string };

/** Pages for answers with an error status. */
export interface ErrorPagesConfig {
  /** By status (`404`) or class of statuses (`4xx`); absolute paths of files. */
  readonly files: Readonly<Record<string, string>>;
  /** Whether servers' own error answers are replaced, too. */
  readonly intercept: boolean;
}

/** A service that is being worked on. */
export interface MaintenanceConfig {
  /** Absolute path of a file. */
  readonly pageFile: string | undefined;
  readonly retryAfterSeconds: number;
  /** Clients that are let through. */
  readonly allow: readonly Cidr[];
}
