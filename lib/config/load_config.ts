/**
 * Reads `routes.yaml` from the file system. Does I/O; a file that cannot be read is a problem like
 * any other, so that a reload can keep what runs.
 *
 * @module
 */
import { Buffer, isUtf8 } from "node:buffer";
import { basename } from "node:path";
import { errorText } from "../base/failures.ts";
import { CONFIG_MAX_BYTES } from "../base/limits.ts";
import { parseConfig, type ParsedConfig, refuseFile } from "./parse_config.ts";

/**
 * Reads and parses a configuration file.
 *
 * @param path Relative paths inside the file start at its folder.
 * @returns Never rejects because of the file: what is wrong with it is in the result.
 */
export async function loadConfig(path: string): Promise<ParsedConfig> {
  let bytes: Uint8Array;
  try {
    bytes = await readAtMost(path, CONFIG_MAX_BYTES + 1);
  } catch (error) {
    return refuseFile(basename(path), ...explain(error));
  }
  if (bytes.length > CONFIG_MAX_BYTES) {
    return refuseFile(basename(path), `it is larger than ${CONFIG_MAX_BYTES} bytes`);
  }
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  if (!isUtf8(bytes)) {
    const line = text.slice(0, text.indexOf("\ufffd")).split("\n").length;
    return refuseFile(basename(path), `line ${line} is not UTF-8`, "save the file as UTF-8");
  }
  return parseConfig(text, { path });
}

/** A size that is asked for beforehand may be wrong: the file may grow, or be a pipe. */
async function readAtMost(path: string, maxBytes: number): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const chunks: Uint8Array[] = [];
  let total = 0;
  while (total < maxBytes) {
    const chunk = new Uint8Array(Math.min(64 * 1024, maxBytes - total));
    const count = await file.read(chunk);
    if (count === null) break;
    chunks.push(chunk.subarray(0, count));
    total += count;
  }
  return Buffer.concat(chunks);
}

function explain(error: unknown): [state: string, hint?: string] {
  if (error instanceof Deno.errors.NotFound) return ["there is no such file"];
  if (error instanceof Deno.errors.IsADirectory) return ["it is a folder, expected a file"];
  if (error instanceof Deno.errors.PermissionDenied) {
    return ["this user may not read it"];
  }
  return [errorText(error)];
}
