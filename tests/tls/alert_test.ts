import assert from "node:assert/strict";
import { type AlertDescription, ALERTS, encodeAlert } from "../../lib/tls/alert.ts";

Deno.test("encodeAlert gives a whole record: fatal, TLS 1.2 by default", () => {
  assert.deepEqual([...encodeAlert("unrecognized_name")], [21, 3, 3, 0, 2, 2, 112]);
});

Deno.test("encodeAlert takes any version of a stranger and stays within TLS 1.0 to 1.2", () => {
  const cases = [[0, 1], [0x0300, 1], [0x0301, 1], [0x0302, 2], [0x0303, 3], [0x0304, 3], [
    0xffff,
    3,
  ]];
  for (const [version, minor] of cases) {
    assert.deepEqual([...encodeAlert("decode_error", version)], [21, 3, minor, 0, 2, 2, 50]);
  }
});

Deno.test("encodeAlert gives each description its code, all but close_notify fatal", () => {
  for (const [name, code] of Object.entries(ALERTS)) {
    const level = name === "close_notify" ? 1 : 2;
    assert.deepEqual([...encodeAlert(name as AlertDescription).subarray(5)], [level, code]);
  }
});

Deno.test("ALERTS has the codes of RFC 8446 §6", () => {
  assert.deepEqual(
    [ALERTS.unexpected_message, ALERTS.record_overflow, ALERTS.handshake_failure],
    [10, 22, 40],
  );
  assert.deepEqual([ALERTS.access_denied, ALERTS.protocol_version, ALERTS.internal_error], [
    49,
    70,
    80,
  ]);
});
