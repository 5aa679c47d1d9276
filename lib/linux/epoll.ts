/**
 * `struct epoll_event` (epoll_ctl(2)) as words: packed on x86-64, where it has 12 bytes, and aligned
 * everywhere else, where it has 16. Pure; the calls are the caller's.
 *
 * @module
 */

/** Bits of `events`. ERR and HUP are always told; with ET alone they are, and each once. */
export const EPOLL = { IN: 1, OUT: 4, ERR: 8, HUP: 16, ET: 1 << 31 } as const;

/** First argument after the descriptor of epoll_ctl(2). */
export const EPOLL_CTL = { ADD: 1, DEL: 2, MOD: 3 } as const;

/** EPOLL_CLOEXEC of epoll_create1(2). */
export const EPOLL_CLOEXEC = 0o2000000;

/** Where the parts of an event lie, in words of 32 bits. */
export interface EpollLayout {
  readonly words: number;
  /** Of `data`, which is two words: here a token and a generation. */
  readonly dataWord: number;
}

/** Returns the layout of an architecture as the runtime names it. */
export function epollLayout(arch: string): EpollLayout {
  return arch === "x86_64" ? { words: 3, dataWord: 1 } : { words: 4, dataWord: 2 };
}

/** A row of events: one for epoll_ctl, many for epoll_wait. */
export class EpollEvents {
  /** To be handed to the system call. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many events have room. */
  readonly capacity: number;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #stride: number;
  readonly #data: number;

  constructor(capacity: number, layout: EpollLayout = epollLayout(Deno.build.arch)) {
    this.capacity = capacity;
    this.#stride = layout.words;
    this.#data = layout.dataWord;
    this.#words = new Int32Array(capacity * layout.words);
    this.bytes = new Uint8Array(this.#words.buffer);
  }

  /** Fills in an event. @param token Any 32 bits, as is `generation`: they come back as they are. */
  set(index: number, events: number, token: number, generation: number): void {
    const at = index * this.#stride;
    this.#words[at] = events;
    this.#words[at + this.#data] = token;
    this.#words[at + this.#data + 1] = generation;
  }

  /** Bits of {@linkcode EPOLL}. */
  events(index: number): number {
    return this.#words[index * this.#stride];
  }

  /** The first word that was given with the descriptor. */
  token(index: number): number {
    return this.#words[index * this.#stride + this.#data];
  }

  /** The second one. */
  generation(index: number): number {
    return this.#words[index * this.#stride + this.#data + 1];
  }
}
