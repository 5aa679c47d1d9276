/**
 * The users of `basic_auth`: those in `routes.yaml` and those of its `users_file`, one `name:hash` per
 * line. Does I/O, once per configuration.
 *
 * @module
 */
import { errorText } from "../../base/failures.ts";
import { USERS_FILE_MAX_BYTES } from "../../base/limits.ts";
import { parsePasswordHash, type PasswordHash } from "../../base/password_hash.ts";
import type { BasicAuthConfig } from "../../config/config.ts";
import type { Users } from "./basic_auth.ts";

/** What a file holds, or what is wrong with it. */
export type ParsedUsers =
  | { readonly kind: "users"; readonly users: ReadonlyMap<string, PasswordHash> }
  | { readonly kind: "problem"; readonly line: number; readonly problem: string };

/**
 * Reads all users of a route.
 *
 * @throws {Error} If the file cannot be read or used; the message names it, and the line, and shows
 * none of its text.
 */
export async function readUsers({ users, usersFile }: BasicAuthConfig): Promise<Users> {
  if (usersFile === undefined) return users;
  const parsed = parseUsers(await readText(usersFile), users);
  if (parsed.kind === "problem") {
    throw new Error(`Cannot use users_file "${usersFile}": line ${parsed.line}: ${parsed.problem}`);
  }
  const all = new Map([...parsed.users, ...users]);
  if (all.size === 0) throw new Error(`Cannot use users_file "${usersFile}": it has no user`);
  return all;
}

/**
 * Parses the text of a `users_file`: empty lines and those that begin with `#` are left out. Pure.
 *
 * @param others Users given elsewhere: a name that has two passwords is a contradiction.
 */
export function parseUsers(text: string, others: Users = new Map()): ParsedUsers {
  const users = new Map<string, PasswordHash>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    const refuse = (problem: string) => ({ kind: "problem", line: index + 1, problem } as const);
    if (colon < 1) return refuse('expected "name:hash"');
    if (users.has(name)) return refuse("the name is already given");
    if (others.has(name)) return refuse('the name is already given in "users"');
    const parsed = parsePasswordHash(line.slice(colon + 1).trim());
    if (parsed.kind === "problem") {
      return refuse(`${parsed.state}, expected what "postern hash-password" prints`);
    }
    users.set(name, parsed.hash);
  }
  return { kind: "users", users };
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await Deno.stat(path);
    if (size > USERS_FILE_MAX_BYTES) {
      throw new Error(`it is larger than ${USERS_FILE_MAX_BYTES} bytes`);
    }
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new Error(`Cannot read users_file "${path}": ${errorText(error)}`, { cause: error });
  }
}
