/**
 * One line per event, for people and for grep: moment, level, module, sentence, fields.
 *
 *     2026-11-21T12:00:03.120Z warn  relay: Cannot reach server server=10.0.0.1:443 error="refused"
 *
 * `error` means that a request or a certificate was lost, `warn` that we recovered. Values may come
 * from strangers: control characters are escaped and long values are cut, so that nobody can forge a
 * line. Never give it key material, tokens or query strings. Does no I/O itself: `write` does.
 *
 * @module
 */

/** How grave an event is, in rising order. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** One of {@linkcode LOG_LEVELS}. */
export type LogLevel = typeof LOG_LEVELS[number];

/** What is printed as `name=value` after the sentence; `undefined` values are left out. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Takes events of one module. */
export interface Log {
  debug(sentence: string, fields?: LogFields): void;
  info(sentence: string, fields?: LogFields): void;
  warn(sentence: string, fields?: LogFields): void;
  error(sentence: string, fields?: LogFields): void;
  /** Returns a log that prints `module` before the sentence. */
  child(module: string): Log;
}

/** Where the lines go and which of them. */
export interface LogOptions {
  /** Events below this level are dropped. Default `info`. */
  readonly level?: LogLevel;
  /** Takes one line without its line end. */
  readonly write: (line: string) => void;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

/** A name or a path fits; a hostile 64 KiB server name does not fill the disk. */
const VALUE_MAX_CHARACTERS = 256;

/** Creates the log that every module's log descends from. */
export function createLog(options: LogOptions): Log {
  const threshold = LOG_LEVELS.indexOf(options.level ?? "info");
  const now = options.now ?? Date.now;
  const forModule = (module: string): Log => {
    const at = (level: LogLevel) => {
      if (LOG_LEVELS.indexOf(level) < threshold) return () => {};
      const head = `${level.padEnd(5)} ${module === "" ? "" : `${module}: `}`;
      return (sentence: string, fields: LogFields = {}) =>
        options.write(
          `${new Date(now()).toISOString()} ${head}${sentence}${formatLogFields(fields)}`,
        );
    };
    return {
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      child: forModule,
    };
  };
  return forModule("");
}

/** A log that drops everything, for tests and for callers that do not care. */
export const silentLog: Log = createLog({ level: "error", write: () => {} });

/** Encodes fields as ` name=value`, quoted where a reader could mistake the end. Pure. */
export function formatLogFields(fields: LogFields): string {
  let text = "";
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) text += ` ${name}=${formatValue(value)}`;
  }
  return text;
}

function formatValue(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  const cut = value.length > VALUE_MAX_CHARACTERS
    ? `${value.slice(0, VALUE_MAX_CHARACTERS)}…`
    : value;
  return /^[\w.:/@*[\],+-]+$/.test(cut) ? cut : escapeControls(JSON.stringify(cut));
}

/**
 * `JSON.stringify` leaves C1 controls, line separators, invisible characters and those that reverse
 * the direction of writing as they are; terminals act on them.
 */
function escapeControls(text: string): string {
  return text.replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
