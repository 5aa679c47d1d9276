/**
 * Where a worker of the splice engine begins. Whatever goes wrong is told to the main isolate, which
 * closes what this worker holds and starts another one.
 *
 * @module
 */
import { errorText } from "../../base/failures.ts";
import { openLibc } from "../../linux/libc.ts";
import type { Answer, Command, StartCommand } from "./commands.ts";
import { RelayWorker } from "./relay_worker.ts";

/** What a worker's global scope has; the compiler's libraries are those of the main isolate. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<StartCommand | Command>) => void) | null;
  postMessage(answer: Answer): void;
  close(): void;
}

const scope = globalThis as unknown as WorkerScope;
const received: (StartCommand | Command)[] = [];
let wake = () => {};

scope.onmessage = ({ data }) => {
  received.push(data);
  wake();
};

try {
  const libc = openLibc();
  if (typeof libc === "string") throw new Error(libc);
  const start = await receive() as StartCommand;
  const next = receive as () => Promise<Command>;
  await new RelayWorker(start, libc, { next, answer }).run();
} catch (error) {
  answer({ kind: "died", error: errorText(error) });
}
scope.close();

async function receive(): Promise<StartCommand | Command> {
  while (received.length === 0) await new Promise<void>((resolve) => wake = resolve);
  return received.shift()!;
}

function answer(message: Answer): void {
  scope.postMessage(message);
}
