/**
 * Reads the pages that a configuration names, before it takes effect: a page that is missing is found
 * at a start or a reload, and not when a server has failed. Does I/O.
 *
 * @module
 */
import { errorText } from "../../base/failures.ts";
import { PAGE_FILE_MAX_BYTES } from "../../base/limits.ts";
import { readUserFile } from "../../base/user_file.ts";
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
    return await readUserFile(path, PAGE_FILE_MAX_BYTES);
  } catch (error) {
    throw new Error(`Cannot read page "${path}": ${errorText(error)}`, { cause: error });
  }
}
