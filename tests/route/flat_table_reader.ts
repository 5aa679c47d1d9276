/**
 * A worker of `flat_table_test.ts`: looks names up in memory that the test has written.
 *
 * @module
 */
import { FlatTable } from "../../lib/route/flat_table.ts";

/** What the test asks for. */
interface Task {
  readonly memory: SharedArrayBuffer;
  readonly names: readonly (string | undefined)[];
}

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Task>) => void;
  postMessage(matches: number[]): void;
};

scope.onmessage = ({ data: { memory, names } }) => {
  const table = new FlatTable(memory);
  scope.postMessage(names.map((name) => table.match(name)));
};
