/**
 * Takes one measure of several proxies: warm-up first, then rounds in which every proxy has its turn,
 * so that whatever else the machine does meets all of them. Does I/O.
 *
 * @module
 */
import { errorText } from "../../lib/base/failures.ts";
import type { BackendPorts } from "./backends.ts";
import { formatFigure } from "./layout_table.ts";
import type { Measure } from "./measure.ts";
import type { Proxy, ProxyKind } from "./proxies/proxy.ts";

/** What became of one proxy. */
export interface ProxyResult {
  readonly name: string;
  /** One figure per round; fewer if it failed. */
  readonly figures: readonly number[];
  /** Why it was left out of the rest; undefined if all went well. */
  readonly failure: string | undefined;
}

/** How a measure is taken. */
export interface RunOptions {
  readonly backends: BackendPorts;
  readonly rounds: number;
  /** Of the measure's amount in each round, above 0 up to 1. */
  readonly share: number;
  /** Is told of each figure. */
  readonly progress: (line: string) => void;
}

interface Turn {
  readonly kind: ProxyKind;
  readonly figures: number[];
  proxy: Proxy | undefined;
  failure: string | undefined;
}

/** Takes a measure of every proxy that is set up for it. Never throws because a proxy fails. */
export async function runMeasure(
  measure: Measure,
  kinds: readonly ProxyKind[],
  asked: RunOptions,
): Promise<ProxyResult[]> {
  const options = { ...asked, rounds: Math.min(asked.rounds, measure.roundsMax ?? Infinity) };
  const turns = kinds.filter(({ planes }) => planes.includes(measure.plane)).map((kind): Turn => ({
    kind,
    figures: [],
    proxy: undefined,
    failure: undefined,
  }));
  try {
    if (!measure.freshProxy) await each(turns, (turn) => warmUp(turn, measure, options));
    for (let round = 1; round <= options.rounds; round++) {
      await each(turns, (turn) => takeTurn(turn, measure, { ...options, round }));
    }
  } finally {
    for (const turn of turns) await turn.proxy?.[Symbol.asyncDispose]();
  }
  return turns.map(({ kind: { name }, figures, failure }) => ({ name, figures, failure }));
}

/** One failure ends a proxy's part: its other figures would not be of a proxy that works. */
async function each(turns: readonly Turn[], run: (turn: Turn) => Promise<void>): Promise<void> {
  for (const turn of turns) {
    if (turn.failure !== undefined) continue;
    try {
      await run(turn);
    } catch (error) {
      turn.failure = errorText(error);
    }
  }
}

/** A whole round: some 20,000 requests pass before no code of Postern is compiled any more. */
async function warmUp(turn: Turn, measure: Measure, options: RunOptions): Promise<void> {
  turn.proxy = await turn.kind.start(options.backends);
  await measure.take(turn.proxy, amountOf(measure, options.share));
}

async function takeTurn(
  turn: Turn,
  measure: Measure,
  options: RunOptions & { readonly round: number },
): Promise<void> {
  const { backends, progress, round, rounds, share } = options;
  const amount = amountOf(measure, share);
  const figure = turn.proxy === undefined
    ? await takeFresh(turn.kind, measure, { backends, amount })
    : await measure.take(turn.proxy, amount);
  turn.figures.push(figure);
  progress(`  round ${round}/${rounds}  ${turn.kind.name.padEnd(8)} ${formatFigure(figure)}`);
}

async function takeFresh(
  kind: ProxyKind,
  measure: Measure,
  options: { backends: BackendPorts; amount: number },
): Promise<number> {
  await using proxy = await kind.start(options.backends);
  return await measure.take(proxy, options.amount);
}

function amountOf({ amount }: Measure, share: number): number {
  return Math.ceil(amount * share);
}
