/**
 * Turns something that can be read into a byte stream that reads only when somebody asks for bytes:
 * nothing is read ahead, so a slow client slows the server and no memory fills. Does no I/O itself.
 *
 * @module
 */
import { BODY_READ_BYTES } from "../../base/limits.ts";

/** Where the bytes come from. */
export interface BodySource {
  /** @returns How many bytes were put into `target`; 0 only at the end. */
  read(target: Uint8Array): Promise<number>;
  /** The reader has lost interest; nothing is read any more. */
  cancel(): void;
}

/**
 * Makes the stream. A failure of `read` becomes the stream's error.
 *
 * @param initial Bytes that come first; may be empty.
 */
export function makeBodyStream(
  source: BodySource,
  initial: Uint8Array,
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: BODY_READ_BYTES,
    start(controller) {
      if (initial.length > 0) controller.enqueue(initial as Uint8Array<ArrayBuffer>);
    },
    async pull(controller) {
      const request = controller.byobRequest as ReadableStreamBYOBRequest;
      const count = await source.read(request.view as Uint8Array);
      // Closing first, for a view cannot be answered with no bytes before (Streams §4.7.4).
      if (count === 0) controller.close();
      request.respond(count);
    },
    cancel: () => source.cancel(),
  });
}
