/**
 * The users of `basic_auth`: those in `routes.yaml` and those of its `users_file`, one `name:hash` per
 * line. Does I/O, once per configuration.
 *
 * @module
 */
import { errorText } from "../../base/failures.ts";
import { USERS_FILE_MAX_BYTES, USERS_FILE_PROBLEMS_MAX } from "../../base/limits.ts";
import { readUserText } from "../../base/user_file.ts";
import { parsePasswordHash, type PasswordHash } from "../../base/password_hash.ts";
import type { BasicAuthConfig } from "../../config/config.ts";
import type { Users } from "./basic_auth.ts";

/** What a file holds, or what is wrong with it, line by line. */
export type ParsedUsers =
  | { readonly kind: "users"; readonly users: ReadonlyMap<string, PasswordHash> }
  | { readonly kind: "problems"; readonly problems: readonly UsersProblem[] };

/** A line that cannot be used. */
export interface UsersProblem {
  /** From 1. */
  readonly line: number;
  readonly problem: string;
}

/**
 * Reads all users of a route.
 *
 * @throws {Error} If the file cannot be read or has no user. The message names it.
 * @throws {AggregateError} If lines of it cannot be used: an error for each of the first
 * {@linkcode USERS_FILE_PROBLEMS_MAX}, which names file and line and shows none of the text.
 */
export async function readUsers({ users, usersFile }: BasicAuthConfig): Promise<Users> {
  if (usersFile === undefined) return users;
  const parsed = parseUsers(await readText(usersFile), users);
  if (parsed.kind === "problems") throw refusalOf(usersFile, parsed.problems);
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
  const names = new Set<string>();
  const problems: UsersProblem[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const refuse = (problem: string) => problems.push({ line: index + 1, problem });
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    if (colon < 1) {
      refuse('expected "name:hash"');
      continue;
    }
    if (names.has(name)) refuse("the name is already given");
    else if (others.has(name)) refuse('the name is already given in "users"');
    else {
      const parsed = parsePasswordHash(line.slice(colon + 1).trim());
      if (parsed.kind === "hash") users.set(name, parsed.hash);
      else refuse(`${parsed.state}, expected what "postern hash-password" prints`);
    }
    names.add(name);
  }
  return problems.length === 0 ? { kind: "users", users } : { kind: "problems", problems };
}

/** @param problems At least one. */
function refusalOf(file: string, problems: readonly UsersProblem[]): AggregateError {
  const told = problems.slice(0, USERS_FILE_PROBLEMS_MAX)
    .map(({ line, problem }) => `line ${line}: ${problem}`);
  const more = problems.length - told.length;
  if (more > 0) told.push(`more lines that cannot be used: ${more}`);
  const inFile = (what: string) => `Cannot use users_file "${file}": ${what}`;
  return new AggregateError(told.map((what) => new Error(inFile(what))), inFile(told.join("; ")));
}

async function readText(path: string): Promise<string> {
  try {
    return await readUserText(path, USERS_FILE_MAX_BYTES);
  } catch (error) {
    throw new Error(`Cannot read users_file "${path}": ${errorText(error)}`, { cause: error });
  }
}
