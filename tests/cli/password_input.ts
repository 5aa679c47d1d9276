/**
 * Standard input for tests of what reads a password from it.
 *
 * @module
 */
import type { PasswordInput } from "../../lib/cli/read_password.ts";

/** Makes an input that holds a text; `raw` is what the terminal was switched to, in order. */
export function passwordInput(
  text: string,
  isTerminal: boolean,
): PasswordInput & { readonly raw: boolean[] } {
  const left = [...new TextEncoder().encode(text)];
  const raw: boolean[] = [];
  return {
    raw,
    isTerminal: () => isTerminal,
    setRaw: (isRaw) => void raw.push(isRaw),
    read(buffer) {
      if (left.length === 0) return Promise.resolve(null);
      buffer[0] = left.shift()!;
      return Promise.resolve(1);
    },
  };
}
