/**
 * A worker of `address_book_test.ts`: opens and closes hops on shared memory as fast as it can, each
 * for a client whose address and port say the same number.
 *
 * @module
 */
import { HOP_REUSE_DELAY_MS } from "../../lib/base/limits.ts";
import { AddressBook } from "../../lib/hop/address_book.ts";

/** What the test asks for. */
interface Task {
  readonly memory: SharedArrayBuffer;
  /** Source ports 1 to `ports` are used in turn. */
  readonly ports: number;
  readonly nowMs: number;
  readonly rounds: number;
}

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Task>) => void;
  postMessage(message: { opened: number }): void;
};

scope.onmessage = ({ data: { memory, ports, nowMs, rounds } }) => {
  const book = new AddressBook(memory);
  let opened = 0;
  for (let round = 0; round < rounds; round++) {
    const sourcePort = 1 + round % ports;
    const number = round % 65_536;
    const client = { ip: `10.0.${number >> 8}.${number & 0xff}`, port: number };
    // As if 5 s had passed since the last close: that entry may be taken at once.
    const key = { sourceIp: "127.0.0.1", sourcePort, listenerPort: 8443 };
    const result = book.open(key, client, nowMs + HOP_REUSE_DELAY_MS);
    if (result.kind === "held") continue;
    opened++;
    book.close(result.slot, nowMs);
  }
  scope.postMessage({ opened });
};
