/**
 * Reads the pages that a configuration names, before it takes effect: a page that is missing is found
 * at a start or a reload, and not when a server has failed. Does I/O.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { errorText } from "../../base/failures.ts";
import { PAGE_FILE_MAX_BYTES } from "../../base/limits.ts";
import type { MessagePolicies } from "../../config/message_policies.ts";
import { Page } from "./page.ts";

/** Pages by the absolute paths of their files. */
export type Pages = ReadonlyMap<string, Page>;

/**
 * Reads every page that policies name, each file once.
 *
 * @throws {Error} If a file cannot be read or is larger than {@linkcode PAGE_FILE_MAX_BYTES}.
 */
export async function readPages(policies: readonly MessagePolicies[]): Promise<Pages> {
  const pages = new Map<string, Page>();
  for (const file of new Set(policies.flatMap(pageFilesOf))) {
    pages.set(file, new Page(file, await readPage(file)));
  }
  return pages;
}

/** Lists the files of a policy's pages. */
export function pageFilesOf({ errorPages, maintenance }: MessagePolicies): string[] {
  const files = Object.values(errorPages?.files ?? {});
  return maintenance?.pageFile === undefined ? files : [...files, maintenance.pageFile];
}

/**
 * Reads one page.
 *
 * @throws {Error} As {@linkcode readPages}.
 */
export async function readPage(path: string): Promise<Uint8Array> {
  try {
    using file = await Deno.open(path);
    const pieces: Uint8Array[] = [];
    // By what is read, not by what the file system says: a pipe or a device has no size.
    for (let total = 0; total <= PAGE_FILE_MAX_BYTES;) {
      const piece = new Uint8Array(64 * 1024);
      const count = await file.read(piece);
      if (count === null) return Buffer.concat(pieces);
      pieces.push(piece.subarray(0, count));
      total += count;
    }
  } catch (error) {
    throw new Error(`Cannot read page "${path}": ${errorText(error)}`, { cause: error });
  }
  throw new Error(`Cannot use page "${path}": it is larger than ${PAGE_FILE_MAX_BYTES} bytes`);
}
