/**
 * Serves a connection of the TLS port: peeks at its hello, asks the route table, and relays it,
 * hands it to a terminator or refuses it.
 *
 * @module
 */
import { decide, type Decision } from "../../route/decision.ts";
import type { ClientHello } from "../../tls/client_hello.ts";
import { HELLO_REFUSALS } from "../hello_refusals.ts";
import type { ConnectionEnd, RelayPlan } from "../relay_engine.ts";
import type { ClientConnection } from "./client_connection.ts";
import { type PeekedHello, peekHello } from "./peek_hello.ts";
import { refuse } from "./refuse.ts";
import { relayToServer } from "./relay_to_server.ts";
import { relayToTerminator } from "./relay_to_hop.ts";

/** What a peek can find that is no hello. */
type NoHello = Exclude<PeekedHello["result"], ClientHello>;

/** Serves a connection by one plan, whatever plan comes next. */
export async function serveTls(
  connection: ClientConnection,
  plan: RelayPlan,
): Promise<ConnectionEnd> {
  const { clock, known, socket, transfer } = connection;
  const timeoutMs = plan.helloTimeoutMs;
  const { result, bytes } = await peekHello(socket, { clock, timeoutMs });
  transfer.bytesUp = bytes.length;
  if (result.kind !== "hello") return refuseNoHello(connection, result);
  known.serverName = result.serverName;
  connection.legacyVersion = result.legacyVersion;
  // Not awaited, here and below: a frame that waits would keep the bytes for the connection's life.
  return route(connection, decide(plan.table, result.serverName), bytes);
}

async function route(
  connection: ClientConnection,
  decision: Decision,
  bytes: Uint8Array,
): Promise<ConnectionEnd> {
  const { environment: { counters }, known } = connection;
  switch (decision.kind) {
    case "refuse":
      counters.add(decision.counter);
      known.reason = decision.counter;
      await refuse(connection, "unrecognized_name");
      return "refused";
    case "relay":
      known.routeIndex = decision.route.index;
      return relayToServer(connection, decision.route, bytes);
    case "terminate":
      known.routeIndex = decision.match.route.index;
      return relayToTerminator(connection, decision.match, bytes);
  }
}

async function refuseNoHello(
  connection: ClientConnection,
  result: NoHello,
): Promise<ConnectionEnd> {
  const { counter, reason } = HELLO_REFUSALS[result.kind];
  // A cut looks like a client that has left.
  if (!connection.signal.aborted) connection.environment.counters.add(counter);
  connection.known.reason = reason;
  switch (result.kind) {
    case "closed":
      return "client_left";
    case "malformed":
      connection.known.reason = `${reason}: ${result.reason}`;
      await refuse(connection, result.alert);
      return "refused";
    case "too_large":
      await refuse(connection, "decode_error");
      return "refused";
    case "not_tls":
    case "timeout":
      // The one would not understand an alert, the other is closed already.
      return "refused";
  }
}
