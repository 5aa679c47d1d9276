/**
 * The directory: where a CA's other resources are (RFC 8555 §7.1.1). Input comes from strangers.
 *
 * @module
 */
import { z } from "zod";
import { AcmeError } from "./acme_error.ts";
import { parseResource } from "./resource.ts";
import type { AcmeTransport } from "./transport.ts";

const DirectorySchema = z.object({
  newNonce: z.url(),
  newAccount: z.url(),
  newOrder: z.url(),
  /** RFC 9773 §3. */
  renewalInfo: z.url().optional(),
  meta: z.object({
    /** RFC 8555 §7.3.4: accounts must be bound to one that the CA knows otherwise. */
    externalAccountRequired: z.boolean().optional(),
  }).optional(),
});

/** The URLs that Postern uses. */
export type Directory = z.infer<typeof DirectorySchema>;

/** Reads the directory. @throws {AcmeError} If it cannot be had, or is none. */
export async function readDirectory(
  transport: AcmeTransport,
  url: string,
  signal: AbortSignal,
): Promise<Directory> {
  const directory = parseResource(await transport.get(url, signal), DirectorySchema, {
    what: "ACME directory",
    url,
  });
  if (directory.meta?.externalAccountRequired !== true) return directory;
  throw new AcmeError("unexpected", {
    type: "externalAccountRequired",
    detail: `${url} wants accounts with external account binding, which Postern does not have`,
  });
}
