/**
 * One client's connection to the HTTP/2 engine, in memory, with a clock that stands still: the frames
 * that the client sends, what the application says, what the client sees. A strict witness looks on.
 *
 * @module
 */
import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { Counters } from "../../lib/base/counters.ts";
import { AddressBook } from "../../lib/hop/address_book.ts";
import type { Handler } from "../../lib/http/application.ts";
import type { Exchange } from "../../lib/http/exchange.ts";
import { BufferPool } from "../../lib/http/http1/buffer_pool.ts";
import { Http2Connection } from "../../lib/http/http2/server_connection.ts";
import { FakeClock } from "./fake_clock.ts";
import {
  concat,
  encodeHead,
  encodeRawFrame,
  encodeSettings,
  type FrameHead,
  PREFACE,
  pseudoFields,
  type RawField,
  type RawSetting,
} from "./http2_frames.ts";
import { Http2Witness, type SeenStream } from "./http2_witness.ts";
import { MemoryConnection } from "./memory_connection.ts";
import { HOP_KEY, makePlaceContext, REMOTE } from "./place_context.ts";

/** The client that the relay has entered. */
export const CLIENT_IP = "192.0.2.1";

/** What is asked for. */
export const HTTP2_HOST = "app.example.org";

const OPTIONS = { certificate: { certPem: "", keyPem: "" }, level: "debug" } as const;

/** Turns of the event loop after which nothing more comes of what was sent. */
const TURNS = 4;

/** How a request is asked. */
export interface Http2Asking {
  readonly method?: string;
  readonly path?: string;
  /** Behind the pseudo-header fields. */
  readonly fields?: readonly RawField[];
  /** Whether the head ends the stream; default true. */
  readonly isWhole?: boolean;
}

/** A connection that is being served. */
export class Http2Place {
  readonly clock = new FakeClock(undefined, settle);
  readonly counters = new Counters();
  readonly lines: string[] = [];
  readonly exchanges: Exchange[] = [];
  readonly book = new AddressBook(AddressBook.allocate(16));
  readonly buffers: BufferPool;
  readonly wire = new MemoryConnection();
  readonly witness = new Http2Witness();
  readonly connection: Http2Connection;
  /** Resolves when the connection is over. */
  readonly finished: Promise<void>;
  isFinished = false;
  #nextStream = 1;

  /** @param options.isKnown Whether the hop came from the relay. */
  constructor(
    handler: Handler,
    options: { readonly isKnown?: boolean; readonly buffers?: BufferPool } = {},
  ) {
    const { isKnown = true, buffers = new BufferPool(72 * 1024, 4) } = options;
    this.buffers = buffers;
    if (isKnown) this.book.open(HOP_KEY, { ip: CLIENT_IP, port: 50_000 }, 0);
    this.wire.onWritten = (bytes) => this.witness.noteReceived(bytes);
    this.connection = new Http2Connection(this.wire, makePlaceContext(this, handler, OPTIONS), {
      remote: REMOTE,
    });
    this.finished = this.connection.run().then(() => void (this.isFinished = true));
  }

  /** Sends the preface and SETTINGS, and acknowledges the server's. */
  async greet(settings: readonly RawSetting[] = []): Promise<void> {
    this.send(PREFACE, encodeSettings(settings));
    await settle();
    this.send(encodeSettings([], 1));
  }

  /** Sends pieces in one write. What they hold is looked at frame by frame, as far as it can be. */
  send(...pieces: readonly Uint8Array[]): void {
    const bytes = concat(pieces);
    this.witness.noteSent(bytes);
    this.wire.send(bytes);
  }

  /** Sends one frame. */
  frame(head: FrameHead, payload: ArrayLike<number> = []): void {
    this.send(encodeRawFrame(head, payload));
  }

  /** Returns the number that the next stream has (RFC 9113 §5.1.1). */
  takeStream(): number {
    this.#nextStream += 2;
    return this.#nextStream - 2;
  }

  /** Opens a stream. @returns Its number. */
  open({ method = "GET", path = "/", fields = [], isWhole = true }: Http2Asking = {}): number {
    const id = this.takeStream();
    this.send(encodeHead(id, [...pseudoFields(HTTP2_HOST, path, method), ...fields], isWhole));
    return id;
  }

  /** Makes a request whose head is all of it, and lets everything run that can. */
  async ask(asking: Http2Asking = {}): Promise<SeenStream> {
    const id = this.open(asking);
    await this.settle();
    return this.witness.stream(id);
  }

  /** Lets everything run that can. */
  async settle(turns = TURNS): Promise<void> {
    // As long as it reads or writes on: it lets others have turns meanwhile.
    const progress = () => this.witness.receivedBytes - this.wire.unreadBytes;
    for (let before = -Infinity; progress() > before;) {
      before = progress();
      await settle();
    }
    for (let turn = 0; turn < turns; turn++) await settle();
  }

  /** Waits until something holds, for at most so many turns of the event loop. */
  async until(holds: () => boolean, what: string, turnsMax = 2_000): Promise<void> {
    for (let turn = 0; !holds(); turn++) {
      if (turn === turnsMax) throw new Error(`never ${what}: ${this.witness.describe()}`);
      await settle();
    }
  }

  /** How many requests are in flight by the address book. */
  get inFlight(): number {
    return this.book.totals().inFlight;
  }

  /** Ends the client's side, and sees that nothing is left open and no rule was broken. */
  async leave(): Promise<void> {
    this.wire.end();
    await this.expectOver();
  }

  /** Sees that the connection is over, nothing left open, and no rule was broken. */
  async expectOver(): Promise<void> {
    await this.until(() => this.isFinished, "over");
    await this.until(() => this.inFlight === 0, "let go of");
    assert.equal(this.wire.isClosed, true);
    assert.equal(this.clock.pending, 0, "no timer is left");
    assert.deepEqual(this.witness.violations, []);
  }
}

/** Lets everything run that can; unlike a timer of 0 ms it takes no millisecond. */
function settle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
