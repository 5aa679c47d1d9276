/**
 * Lends a request's body to one server after another. A server that fails before it has read takes
 * nothing along: giving up what was lent and not read leaves the body whole. Once it has been read
 * from, the body's own stream is locked. Closes nothing by itself.
 *
 * @module
 */
import type { RequestBody } from "./message.ts";

/** Returns a body that reads from `body` when it is read, and not before. */
export function lendBody(body: RequestBody): RequestBody {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      reader ??= body.stream.getReader();
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader?.cancel(reason),
  }, { highWaterMark: 0 });
  return { length: body.length, stream };
}
