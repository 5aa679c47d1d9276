/**
 * `postern hash-password`.
 *
 * @module
 */
import { formatPasswordHash, hashPassword } from "../base/password_hash.ts";
import type { Verb } from "./command_line.ts";
import { type PasswordInput, type ReadPassword, readPassword } from "./read_password.ts";
import type { Terminal } from "./terminal.ts";

/** Makes the verb. @param input Where the password comes from. */
export function hashPasswordFrom(input: PasswordInput): Verb {
  return async (_options, terminal) => {
    const read = await readTwice(input, terminal);
    if (read.kind === "problem") {
      terminal.err(`postern: Cannot use the password: ${read.problem}`);
      return 1;
    }
    terminal.out(formatPasswordHash(await hashPassword(read.password)));
    return 0;
  };
}

/** Reads a password and prints its hash, for `basic_auth`. */
export const hashPasswordVerb: Verb = hashPasswordFrom(Deno.stdin);

/** What nobody sees is easily mistyped; what a program hands over is not. */
async function readTwice(input: PasswordInput, terminal: Terminal): Promise<ReadPassword> {
  const ask = (question: string) => readPassword(input, () => terminal.err(question));
  const first = await ask("Password (it is not shown):");
  if (first.kind === "problem" || !input.isTerminal()) return first;
  const second = await ask("The same again:");
  if (second.kind === "problem") return second;
  return isSame(first.password, second.password)
    ? first
    : { kind: "problem", problem: "the two differ" };
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
