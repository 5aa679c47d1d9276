/**
 * The body of one request as its application reads it. What comes while a read is waiting goes where
 * it is wanted at once; the rest waits in one buffer, which is never larger than the stream's window
 * and is let go when it is empty. Does no I/O itself. Input comes from strangers.
 *
 * States: coming -> whole -> read to its end; from each of them -> failed, or given up by its reader
 * (both terminal).
 *
 * @module
 */
import { Failure } from "../../base/failures.ts";
import {
  HTTP2_STREAM_WINDOW_BYTES,
  HTTP2_STREAM_WINDOW_MAX_BYTES,
} from "../../base/http2_limits.ts";
import type { Body, HeaderLine } from "../message.ts";
import { ReceiveWindow } from "./windows.ts";

/** Whom a body tells. */
export interface RequestBodyOwner {
  /** Somebody wants the body for the first time, nothing of it has come, and the client waits for 100. */
  onWanted(body: RequestBody): void;
  /** A read begins to wait. */
  onWait(body: RequestBody): void;
  /** No read waits any more. */
  onWaited(body: RequestBody): void;
  /** Bytes have been read. */
  onRead(body: RequestBody, bytes: number): void;
  /** Bytes have been dropped, for nobody will read them. */
  onDropped(body: RequestBody, bytes: number): void;
  /** Lends a buffer, what lies in it being left from others. @returns At least `bytes` long. */
  takeBuffer(bytes: number): Uint8Array;
  /** Takes a buffer back. */
  giveBuffer(buffer: Uint8Array): void;
  /** Bytes have been put where a read waits; {@linkcode RequestBody.settle} is to be called. */
  onFilled(body: RequestBody): void;
}

/** What is known of a body beforehand. */
export interface RequestBodyOptions {
  /** The number of its stream. */
  readonly stream: number;
  /** What Content-Length says; undefined = nothing. */
  readonly length: number | undefined;
  /** The client waits for 100 (Continue) before it sends the body (RFC 9110 §10.1.1). */
  readonly expectsContinue: boolean;
}

/** The buffer begins with at least so much. */
const BUFFER_MIN_BYTES = 4_096;

const NO_TRAILERS: readonly HeaderLine[] = [];
const NO_BUFFER = new Uint8Array(0);

/** A read that waits. */
interface Reading {
  readonly target: Uint8Array;
  readonly resolve: (count: number) => void;
  readonly reject: (failure: Failure) => void;
}

/** The body of one request. */
export class RequestBody implements Body {
  readonly length: number | undefined;
  readonly stream: number;
  /** What the client may still send. */
  readonly window = new ReceiveWindow({
    bytes: HTTP2_STREAM_WINDOW_BYTES,
    maxBytes: HTTP2_STREAM_WINDOW_MAX_BYTES,
  });
  readonly #owner: RequestBodyOwner;
  readonly #expectsContinue: boolean;
  #buffer: Uint8Array = NO_BUFFER;
  #start = 0;
  #end = 0;
  #reading: Reading | undefined;
  /** Bytes that stand in the target of the read. */
  #filledBytes = 0;
  #receivedBytes = 0;
  #isWhole = false;
  #isTouched = false;
  #failure: Failure | undefined;
  #trailers = NO_TRAILERS;

  constructor(owner: RequestBodyOwner, options: RequestBodyOptions) {
    this.#owner = owner;
    this.stream = options.stream;
    this.length = options.length;
    this.#expectsContinue = options.expectsContinue;
  }

  /** Whether more may come and is wanted: only then is the client told to send more. */
  get isComing(): boolean {
    return !this.#isWhole && this.#failure === undefined;
  }

  get isTouched(): boolean {
    return this.#isTouched;
  }

  get trailers(): readonly HeaderLine[] {
    return this.#isWhole && this.#start === this.#end ? this.#trailers : NO_TRAILERS;
  }

  /** Whether nothing waits to be read: whoever reads is as fast as the client. */
  get isKeptUp(): boolean {
    return this.#start === this.#end;
  }

  read(target: Uint8Array): Promise<number> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const isFirst = !this.#isTouched;
    this.#isTouched = true;
    const count = Math.min(target.length, this.#end - this.#start);
    if (count > 0) {
      target.set(this.#buffer.subarray(this.#start, this.#start + count));
      this.#take(count);
      return Promise.resolve(count);
    }
    if (this.#isWhole) return Promise.resolve(0);
    if (isFirst && this.#expectsContinue && this.#receivedBytes === 0) {
      this.#owner.onWanted(this);
    }
    return new Promise((resolve, reject) => {
      this.#reading = { target, resolve, reject };
      this.#owner.onWait(this);
    });
  }

  cancel(): void {
    const isOver = this.#failure !== undefined || (this.#isWhole && this.#start === this.#end);
    if (!isOver) this.fail(new Failure("client_gone", "the request body is not wanted any more"));
  }

  /**
   * Takes what has come, as much as the window let in.
   *
   * @returns false if it is more than Content-Length says.
   */
  receive(bytes: Uint8Array): boolean {
    this.#receivedBytes += bytes.length;
    if (this.length !== undefined && this.#receivedBytes > this.length) return false;
    if (this.#failure !== undefined) {
      this.#owner.onDropped(this, bytes.length);
      return true;
    }
    const direct = this.#reading === undefined ? 0 : this.#fill(this.#reading.target, bytes);
    if (direct < bytes.length) this.#keep(direct === 0 ? bytes : bytes.subarray(direct));
    return true;
  }

  /** Ends the body. @returns false if it is less than Content-Length says. */
  finish(trailers: readonly HeaderLine[]): boolean {
    if (this.length !== undefined && this.#receivedBytes !== this.length) return false;
    this.#isWhole = true;
    this.#trailers = trailers;
    if (this.#reading !== undefined && this.#filledBytes === 0) this.#owner.onFilled(this);
    return true;
  }

  /** Lets a read that waits go on with what has come for it. */
  settle(): void {
    if (this.#reading === undefined) return;
    const { resolve } = this.#reading;
    const count = this.#filledBytes;
    this.#reading = undefined;
    this.#filledBytes = 0;
    this.#owner.onWaited(this);
    resolve(count);
    if (count > 0) this.#owner.onRead(this, count);
  }

  /** Cuts the body off, or gives it up: what is left of it is dropped. Only the first reason counts. */
  fail(failure: Failure): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    const reading = this.#reading;
    this.#reading = undefined;
    const droppedBytes = this.#end - this.#start + this.#filledBytes;
    this.#filledBytes = 0;
    this.#empty();
    if (reading !== undefined) {
      this.#owner.onWaited(this);
      reading.reject(failure);
    }
    if (droppedBytes > 0) this.#owner.onDropped(this, droppedBytes);
  }

  #fill(target: Uint8Array, bytes: Uint8Array): number {
    const count = Math.min(bytes.length, target.length - this.#filledBytes);
    if (count === 0) return 0;
    target.set(count === bytes.length ? bytes : bytes.subarray(0, count), this.#filledBytes);
    if (this.#filledBytes === 0) this.#owner.onFilled(this);
    this.#filledBytes += count;
    return count;
  }

  #keep(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#buffer.length) this.#makeRoom(bytes.length);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  #makeRoom(bytes: number): void {
    const kept = this.#buffer.subarray(this.#start, this.#end);
    const neededBytes = kept.length + bytes;
    // Moved together only if that gains much: each byte is then moved a few times at most.
    const grownBytes = Math.max(
      BUFFER_MIN_BYTES,
      Math.min(2 * neededBytes, this.window.sizeBytes),
    );
    const before = this.#buffer;
    if (grownBytes > before.length) {
      this.#buffer = this.#owner.takeBuffer(Math.max(neededBytes, grownBytes));
    }
    this.#buffer.set(kept);
    if (before !== this.#buffer) this.#letGo(before);
    this.#start = 0;
    this.#end = kept.length;
  }

  #empty(): void {
    this.#start = this.#end = 0;
    this.#letGo(this.#buffer);
    this.#buffer = NO_BUFFER;
  }

  #letGo(buffer: Uint8Array): void {
    if (buffer.length > 0) this.#owner.giveBuffer(buffer);
  }

  #take(count: number): void {
    this.#start += count;
    if (this.#start === this.#end) this.#empty();
    this.#owner.onRead(this, count);
  }
}
