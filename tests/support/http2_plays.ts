/**
 * Random plays of an HTTP/2 client, frame by frame: right ones, which must be answered, and broken ones,
 * of which any byte may be wrong. Pure.
 *
 * @module
 */
import {
  encodeContinuation,
  encodeData,
  encodeFields,
  encodeGoaway,
  encodeHeaders,
  encodePing,
  encodePriority,
  encodePriorityFields,
  encodeRawFrame,
  encodeReset,
  encodeSettings,
  encodeWindowUpdate,
  FLAG,
  padded,
  pseudoFields,
  type RawField,
  SETTING,
} from "./http2_frames.ts";
import type { Random } from "./random.ts";

/** What the application does, by the start of the path. */
export const PLAY_PATHS = [
  "echo",
  "stream",
  "early",
  "interim",
  "trailers",
  "slow",
  "late",
  "break",
  "throw",
  "large",
] as const;

/** A request that has been begun. */
interface Begun {
  readonly id: number;
  /** Bytes of its body to come. */
  leftBytes: number;
  readonly hasTrailers: boolean;
}

/** Makes the frames of one client. Each call gives what is sent next. */
export class Http2Play {
  readonly #random: Random;
  readonly #host: string;
  readonly #isRight: boolean;
  #nextStream = 1;
  readonly #begun: Begun[] = [];
  /** Streams that were reset: nobody expects an answer. */
  readonly reset = new Set<number>();
  readonly #opened: number[] = [0];

  /** @param isRight Whether every frame keeps to the rules. */
  constructor(random: Random, host: string, isRight: boolean) {
    this.#random = random;
    this.#host = host;
    this.#isRight = isRight;
  }

  /** Makes a step. */
  next(): Uint8Array[] {
    const dice = this.#random.below(100);
    const frames = dice < 30
      ? this.#open()
      : dice < 65
      ? this.#continue()
      : dice < 72
      ? this.#giveUp()
      : [this.#control()];
    return this.#isRight || this.#random.below(15) > 0 ? frames : this.#spoil(frames);
  }

  /** Makes what ends every request that has been begun. */
  finish(): Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (const begun of this.#begun.splice(0)) {
      frames.push(
        encodeData(begun.id, textOf(begun.leftBytes), begun.hasTrailers ? 0 : FLAG.endStream),
      );
      if (begun.hasTrailers) frames.push(encodeHeaders(begun.id, encodeFields([["x-sum", "1"]])));
    }
    return frames;
  }

  #open(): Uint8Array[] {
    const random = this.#random;
    const id = this.#nextStream;
    this.#nextStream += 2 * (1 + (random.below(8) === 0 ? random.below(5) : 0));
    const length = random.below(3) > 0 ? 0 : 1 + random.below(random.below(2) === 0 ? 50 : 3_000);
    const isWhole = length === 0 && random.below(4) > 0;
    const method = isWhole ? random.pick(["GET", "HEAD", "DELETE"]) : "POST";
    this.#opened.push(id);
    if (!isWhole) {
      this.#begun.push({ id, leftBytes: length, hasTrailers: random.below(4) === 0 });
    }
    const path = `/${random.pick(PLAY_PATHS)}/${id}`;
    const fields: RawField[] = pseudoFields(this.#host, path, method);
    if (!isWhole && random.below(2) === 0) fields.push(["content-length", `${length}`]);
    if (!isWhole && random.below(6) === 0) fields.push(["expect", "100-continue"]);
    for (let count = random.below(4); count > 0; count--) {
      fields.push([`x-${random.below(5)}`, "v".repeat(random.below(40))]);
    }
    if (!this.#isRight && random.below(5) === 0) {
      fields.splice(random.below(fields.length), 1, this.#oddField());
    }
    return this.#section(id, encodeFields(fields), isWhole ? FLAG.endStream : 0);
  }

  /** In one frame or several, with padding or priority. */
  #section(id: number, block: number[], flags: number): Uint8Array[] {
    const random = this.#random;
    if (random.below(5) > 0) {
      const isPadded = random.below(4) === 0;
      const hasPriority = random.below(4) === 0;
      const content = hasPriority ? [...encodePriorityFields(0, 16), ...block] : block;
      const all = flags | FLAG.endHeaders | (isPadded ? FLAG.padded : 0) |
        (hasPriority ? FLAG.priority : 0);
      return [encodeHeaders(id, isPadded ? padded(content, random.below(50)) : content, all)];
    }
    const cut = random.below(block.length + 1);
    return [
      encodeHeaders(id, block.slice(0, cut), flags),
      encodeContinuation(id, block.slice(cut), FLAG.endHeaders),
    ];
  }

  #continue(): Uint8Array[] {
    const random = this.#random;
    if (this.#begun.length === 0) return [];
    const at = random.below(this.#begun.length);
    const begun = this.#begun[at];
    const { id, hasTrailers } = begun;
    const count = Math.min(begun.leftBytes, random.below(1_000));
    begun.leftBytes -= count;
    const isLast = begun.leftBytes === 0 && random.below(2) === 0;
    if (isLast) this.#begun.splice(at, 1);
    const isPadded = random.below(5) === 0;
    const data = Array.from(textOf(count), (letter) => letter.charCodeAt(0));
    const flags = (isPadded ? FLAG.padded : 0) | (isLast && !hasTrailers ? FLAG.endStream : 0);
    const frames: Uint8Array[] = [
      encodeData(id, isPadded ? padded(data, random.below(256)) : data, flags),
    ];
    if (isLast && hasTrailers) {
      frames.push(...this.#section(id, encodeFields([["x-sum", "1"]]), FLAG.endStream));
    }
    return frames;
  }

  #giveUp(): Uint8Array[] {
    const id = this.#random.pick(this.#opened);
    if (id === 0) return [];
    const at = this.#begun.findIndex((begun) => begun.id === id);
    if (at >= 0) this.#begun.splice(at, 1);
    this.reset.add(id);
    return [encodeReset(id, this.#random.below(14))];
  }

  #control(): Uint8Array {
    const random = this.#random;
    const id = random.pick(this.#opened);
    switch (random.below(this.#isRight ? 6 : 9)) {
      case 0:
        return encodePing(random.bytes(8));
      case 1:
        return encodeWindowUpdate(id, 1 + random.below(50_000));
      case 2:
        return encodePriority(1 + random.below(50), 0, 1 + random.below(256));
      case 3:
        return encodeSettings([[SETTING.initialWindowSize, random.below(100_000)]]);
      case 4:
        return encodeSettings([[SETTING.headerTableSize, random.below(10_000)], [0x50, 1]]);
      case 5:
        return encodeRawFrame({ type: 20 + random.below(200), flags: 0xff, stream: id }, [1, 2]);
      case 6:
        return encodeWindowUpdate(id, random.pick([0, 0x7fff_ffff, 0x8000_0001]));
      case 7:
        return encodeSettings([[random.below(10), random.pick([0, 1, 16_384, 0xffff_ffff])]]);
      default:
        return encodeGoaway(0, random.below(3));
    }
  }

  #oddField(): RawField {
    return this.#random.pick<RawField>([
      ["Upper", "1"],
      ["content-length", "7"],
      ["content-length", "x"],
      ["transfer-encoding", "chunked"],
      ["connection", "close"],
      ["x", "a\r\nb"],
      [":path", "/echo/0"],
      [":odd", "1"],
      ["x", "v".repeat(70_000)],
      ["host", "evil.example"],
    ]);
  }

  /** Takes out, doubles, turns around, or changes bytes. */
  #spoil(frames: Uint8Array[]): Uint8Array[] {
    const random = this.#random;
    if (frames.length === 0) return [random.bytes(random.below(30))];
    const at = random.below(frames.length);
    const frame = frames[at];
    switch (random.below(6)) {
      case 0:
        return frames.toSpliced(at, 1);
      case 1:
        return frames.toSpliced(at, 0, frame);
      case 2:
        return frames.toReversed();
      case 3:
        return frames.toSpliced(at, 1, frame.slice(0, random.below(frame.length)));
      default: {
        const changed = frame.slice();
        // Heads of frames more often than what is in them.
        const length = random.below(2) === 0 ? 9 : changed.length;
        changed[random.below(length)] = random.below(256);
        return frames.toSpliced(at, 1, changed);
      }
    }
  }
}

/** Letters that tell where they stood. */
export function textOf(length: number): string {
  return "abcdefghijklmnopqrstuvwxyz".repeat(Math.ceil(length / 26)).slice(0, length);
}
