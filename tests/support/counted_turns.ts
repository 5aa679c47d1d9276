/**
 * Counts the turns of the event loop that others would have had.
 *
 * @module
 */
import { setImmediate } from "node:timers";

/** Runs some work. @returns How many turns there were meanwhile. */
export async function countTurns(work: () => Promise<void>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  try {
    await work();
  } finally {
    isOver = true;
  }
  return turns;
}
