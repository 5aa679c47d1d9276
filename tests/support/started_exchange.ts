/**
 * One exchange of the upstream client over a connection that exists in memory only.
 *
 * @module
 */
import assert from "node:assert/strict";
import { RequestHeadEncoder } from "../../lib/http/http1/request_head.ts";
import type { Answer, UpstreamRequest } from "../../lib/http/message.ts";
import { UpstreamConnection } from "../../lib/http/upstream/upstream_connection.ts";
import { UpstreamExchange } from "../../lib/http/upstream/upstream_exchange.ts";
import { FakeClock } from "./fake_clock.ts";
import { ScriptedConnection, type ScriptedConnectionOptions } from "./scripted_connection.ts";

/** An exchange that runs. */
export interface StartedExchange {
  readonly raw: ScriptedConnection;
  readonly connection: UpstreamConnection;
  /** What the exchange has told. */
  readonly state: { readonly isReused: boolean; readonly interim: readonly number[] };
  readonly response: Promise<Answer>;
}

/** Starts an exchange that allows for one second of silence. */
export function startExchange(
  script: ScriptedConnectionOptions,
  request: UpstreamRequest,
  options: { readonly clock?: FakeClock; readonly isReused?: boolean } = {},
): StartedExchange {
  const { clock = new FakeClock(), isReused = false } = options;
  const raw = new ScriptedConnection(script);
  const connection = new UpstreamConnection(raw, { clock, onClosed: () => {} });
  const state = { isReused: false, interim: [] as number[] };
  const exchange = new UpstreamExchange(connection, request, {
    clock,
    isReused,
    responseMs: 1_000,
    onInterim: (status) => state.interim.push(status),
    onReusable: () => state.isReused = true,
  });
  const head = new RequestHeadEncoder().encode(request);
  assert.equal(head.kind, "head");
  const response = exchange.run(head.bytes);
  return { raw, connection, state, response };
}
