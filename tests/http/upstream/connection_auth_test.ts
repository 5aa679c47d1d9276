import assert from "node:assert/strict";
import { mayAuthenticateConnection } from "../../../lib/http/upstream/connection_auth.ts";
import type { HeaderLine } from "../../../lib/http/message.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { startExchange } from "../../support/started_exchange.ts";
import { makeRequest, readText } from "../../support/upstream_requests.ts";

const CASES: readonly [value: string, isOfConnection: boolean][] = [
  ["NTLM TlRMTVNTUAABAAAA", true],
  ["Negotiate YII", true],
  ["negotiate", true],
  ["nTLM", true],
  ["Nego2 x", true],
  ["Kerberos x", true],
  ["Basic bmVnb3RpYXRlOng=", false],
  ["Bearer NTLM", false],
  ["NTLMish x", false],
  ["", false],
];

for (const [value, isOfConnection] of CASES) {
  Deno.test(`mayAuthenticateConnection: RFC 4559 §6, "${value}": ${isOfConnection}`, () => {
    assert.equal(
      mayAuthenticateConnection([["A", "NTLM"], ["authorization", value]]),
      isOfConnection,
    );
    assert.equal(mayAuthenticateConnection([["X-Authorization", value]]), false);
  });
}

for (const [value, isOfConnection] of [CASES[0], CASES[6]]) {
  for (const status of ["200 OK", "401 Unauthorized"]) {
    Deno.test(`UpstreamExchange: after ${value} and ${status} the next user gets the connection: ${!isOfConnection}`, async () => {
      const headers: HeaderLine[] = [["Host", "a"], ["Authorization", value]];
      const input = `HTTP/1.1 ${status}\r\nContent-Length: 2\r\n\r\nok`;
      const { raw, state, response } = startExchange(
        { input },
        { ...makeRequest({}), headers },
        { clock: new FakeClock() },
      );
      assert.equal(await readText(await response), "ok");
      assert.deepEqual([state.isReused, raw.isClosed], [!isOfConnection, isOfConnection]);
    });
  }
}
