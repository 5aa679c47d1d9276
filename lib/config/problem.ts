/**
 * What is wrong with the configuration, where it stands, and what would repair it. Plain data. Pure.
 *
 * @module
 */

/** One thing that is wrong (`error`: the file is refused) or doubtful (`warning`: it is used). */
export interface Problem extends Place {
  readonly severity: "error" | "warning";
  /** `Cannot <action> "<value>": <state>[, expected <wanted>]`, without control characters. */
  readonly message: string;
  /** One edit that repairs it. */
  readonly hint: string | undefined;
}

/** Where something stands, in terms of an editor. */
export interface Place {
  /** From 1; 0 where the file as a whole is meant. */
  readonly line: number;
  /** From 1, in UTF-16 units; 0 where `line` is 0. */
  readonly column: number;
  /** How much to underline on that line: at least 1, in UTF-16 units. */
  readonly length: number;
  /** The whole line without its end; undefined where `line` is 0. */
  readonly sourceLine: string | undefined;
}

/** The file as a whole: it cannot be read, for instance. */
export const WHOLE_FILE: Place = { line: 0, column: 0, length: 1, sourceLine: undefined };

/** Names a place inside a sentence. */
export function formatPlace(place: Place): string {
  return `line ${place.line}, column ${place.column}`;
}

/** A longer value is cut: the line and the caret below the message show where it stands. */
const VALUE_MAX_CHARACTERS = 80;

/** How much of a value is searched for credentials. */
const MASKED_MAX_CHARACTERS = 4_096;

/** Formats a value for a message: scalars as in JSON and cut, lists and mappings by name. */
export function formatValue(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a mapping";
  if (typeof value !== "string") return String(value);
  // Cut before it is searched, for it may have megabytes; far beyond what is shown, so that the "@"
  // of credentials is found.
  return quote(maskCredentials(value.slice(0, MASKED_MAX_CHARACTERS)));
}

/** Replaces what stands before the `@` of a URL, character by character: problems are logged. */
export function maskCredentials(text: string): string {
  return text.replace(/:\/\/[^/\s]+@/g, (match) => `://${"*".repeat(match.length - 4)}@`);
}

/** Formats text as a JSON string, cut, and without any character a terminal would act on. */
export function quote(text: string): string {
  const cut = text.length > VALUE_MAX_CHARACTERS ? `${text.slice(0, VALUE_MAX_CHARACTERS)}…` : text;
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Formats `"a", "b" or "c"`. */
export function formatChoice(values: readonly string[]): string {
  const quoted = values.map(quote);
  if (quoted.length < 2) return quoted.join("");
  return `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}
