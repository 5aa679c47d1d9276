/**
 * The C library's system calls, one typed function each, through FFI. Linux with glibc only. Opening
 * does I/O; whoever opens it closes it.
 *
 * @module
 */

const SYMBOLS = {
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The system calls that are in use, as in their manual pages: -1 says that a call failed. */
export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** Why there is no libc. */
export type NoLibc = "not Linux" | "FFI is not permitted" | "no glibc";

/**
 * Opens libc for the life of the process: descriptors of system calls may be used to its end.
 *
 * @returns The functions, or why they cannot be had; never asks for permission.
 */
export function openLibc(): Libc | NoLibc {
  if (Deno.build.os !== "linux") return "not Linux";
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    return "FFI is not permitted";
  }
  try {
    return Deno.dlopen("libc.so.6", SYMBOLS).symbols;
  } catch {
    // Another C library (musl) goes by another name, and has other structures.
    return "no glibc";
  }
}
