/**
 * The one error of the state folder: what could not be done, where, why, and what a person can do.
 *
 * @module
 */
import { errorText } from "../base/failures.ts";

/** What kind of trouble it is. */
export type StateErrorKind =
  /** Another process uses the folder. */
  | "busy"
  /** The disk or the quota is full. */
  | "full"
  /** Permissions or a read-only file system. */
  | "denied"
  /** A file over the limit. */
  | "too_large"
  /** A name that no store accepts. */
  | "invalid_name"
  | "failed";

/** Work with the state that stopped. `message` is complete without `hint`. */
export class StateError extends Error {
  override readonly name = "StateError";
  readonly kind: StateErrorKind;
  /** The file or folder; for `invalid_name` the name. */
  readonly path: string;
  /** What to do about it. */
  readonly hint: string;

  constructor(
    kind: StateErrorKind,
    message: string,
    options: ErrorOptions & { path: string; hint: string },
  ) {
    super(message, options);
    this.kind = kind;
    this.path = options.path;
    this.hint = options.hint;
  }
}

/**
 * Makes a {@linkcode StateError} of what the file system threw. Pure.
 *
 * @param action A verb with its object, such as `write` or `open the state folder`.
 */
export function toStateError(action: string, path: string, cause: unknown): StateError {
  if (cause instanceof StateError) return cause;
  const kind = kindOf(cause);
  const message = `Cannot ${action} "${path}": ${REASONS[kind] ?? errorText(cause)}`;
  return new StateError(kind, message, { path, hint: HINTS[kind], cause });
}

type FileSystemKind = "full" | "denied" | "failed";

const REASONS: Readonly<Record<FileSystemKind, string | undefined>> = {
  full: "no space is left on the disk",
  denied: "permission denied or file system read-only",
  failed: undefined,
};

const HINTS: Readonly<Record<FileSystemKind, string>> = {
  full: "free some space or raise the quota; nothing that was saved before is lost",
  denied: 'make the folder belong to the user Postern runs as, or name another with "state:"',
  failed: 'check this path, or name another state folder with "state:"',
};

function kindOf(cause: unknown): FileSystemKind {
  const code = cause instanceof Error ? (cause as { code?: unknown }).code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG") return "full";
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") return "denied";
  // The runtime's own refusal (--allow-write) has no code.
  return cause instanceof Deno.errors.NotCapable ? "denied" : "failed";
}
