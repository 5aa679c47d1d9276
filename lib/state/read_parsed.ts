/**
 * Reads a value that has to make sense, and sets it aside where it does not. Does I/O.
 *
 * @module
 */
import { StateError } from "./state_error.ts";
import type { Store } from "./store.ts";

/** What a text turned out to be. */
export type Parsed<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "problem"; readonly problem: string };

/**
 * Reads and parses a text.
 *
 * @param parse May be asynchronous; must not throw.
 * @returns undefined if there is none, or if it was set aside.
 * @throws {StateError} If it is there and can neither be read nor moved.
 */
export async function readParsed<T>(
  store: Store,
  name: string,
  parse: (text: string) => Parsed<T> | Promise<Parsed<T>>,
): Promise<T | undefined> {
  const text = await readText(store, name);
  if (text === undefined) return undefined;
  const parsed = text.kind === "problem" ? text : await parse(text.value);
  if (parsed.kind === "value") return parsed.value;
  await store.setAside(name, parsed.problem);
  return undefined;
}

async function readText(store: Store, name: string): Promise<Parsed<string> | undefined> {
  try {
    const bytes = await store.read(name);
    if (bytes === undefined) return undefined;
    return { kind: "value", value: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (error) {
    if (error instanceof TypeError) return { kind: "problem", problem: "not UTF-8" };
    if (error instanceof StateError && error.kind === "too_large") {
      return { kind: "problem", problem: error.message };
    }
    throw error;
  }
}
