/**
 * Where the code and the constants of this program lie in memory: the segments of its ELF file that
 * nobody may write to (elf(5)), read from the program headers that the kernel leaves in memory
 * (getauxval(3)). A page of such a segment holds what the file holds, so that the kernel may drop it and
 * read it again. Pure but for `findReadOnlySegments`.
 *
 * @module
 */
import type { Libc } from "./libc.ts";

/** A part of memory, by addresses. */
export interface Segment {
  /** Of a page. */
  readonly start: bigint;
  /** Whole pages. */
  readonly bytes: bigint;
}

/** The program headers of a 64-bit ELF file, as they lie in memory. */
export interface ProgramHeaders {
  /** Where they lie. */
  readonly at: bigint;
  readonly bytes: ArrayBuffer;
  readonly pageBytes: bigint;
}

/** Bytes of one program header (`Elf64_Phdr`). */
export const PROGRAM_HEADER_BYTES = 56;

/** Entries of the auxiliary vector (linux/auxvec.h). */
const AUXILIARY = { AT_PHDR: 3n, AT_PHNUM: 5n, AT_PAGESZ: 6n } as const;

/** `p_type`: what is loaded, and where the headers themselves are. */
const LOAD = 1;
const HEADERS = 6;

/** Bit of `p_flags`. */
const WRITABLE = 2;

/** Positions of fields, in bytes: `p_type`, `p_flags`, `p_vaddr`, `p_memsz`. */
const TYPE = 0;
const FLAGS = 4;
const ADDRESS = 16;
const SIZE = 40;

/** Finds the read-only segments of the running program. @returns None if they cannot be found. */
export function findReadOnlySegments(libc: Libc): Segment[] {
  const at = libc.getauxval(AUXILIARY.AT_PHDR);
  const count = Number(libc.getauxval(AUXILIARY.AT_PHNUM));
  const pageBytes = libc.getauxval(AUXILIARY.AT_PAGESZ);
  const pointer = Deno.UnsafePointer.create(at);
  if (pointer === null || count === 0 || pageBytes === 0n) return [];
  const bytes = Deno.UnsafePointerView.getArrayBuffer(pointer, count * PROGRAM_HEADER_BYTES);
  return parseReadOnlySegments({ at, bytes, pageBytes });
}

/**
 * Reads where the segments lie that are loaded and not writable. What the loader has written to, such as
 * relocated pointers, stands in others.
 *
 * @returns Whole pages that belong to one segment alone; none if the headers do not say where they are
 * themselves, for a program's own addresses are relative to that.
 */
export function parseReadOnlySegments({ at, bytes, pageBytes }: ProgramHeaders): Segment[] {
  const view = new DataView(bytes);
  const headers = Array.from(
    { length: Math.floor(bytes.byteLength / PROGRAM_HEADER_BYTES) },
    (_, index) => index * PROGRAM_HEADER_BYTES,
  );
  const typeOf = (header: number) => view.getUint32(header + TYPE, true);
  const itself = headers.find((header) => typeOf(header) === HEADERS);
  if (itself === undefined) return [];
  const base = at - view.getBigUint64(itself + ADDRESS, true);
  return headers
    .filter((header) => typeOf(header) === LOAD)
    .filter((header) => (view.getUint32(header + FLAGS, true) & WRITABLE) === 0)
    .map((header): Segment => {
      const first = base + view.getBigUint64(header + ADDRESS, true);
      const end = first + view.getBigUint64(header + SIZE, true);
      const start = (first + pageBytes - 1n) / pageBytes * pageBytes;
      return { start, bytes: end / pageBytes * pageBytes - start };
    })
    .filter((segment) => segment.bytes > 0n);
}
