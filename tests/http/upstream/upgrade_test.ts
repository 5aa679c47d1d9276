import assert from "node:assert/strict";
import type { HeaderLine } from "../../../lib/http/message.ts";
import { isUpgradeAskedFor } from "../../../lib/http/upstream/upgrade.ts";

Deno.test("isUpgradeAskedFor: every protocol named must be one of those asked for (RFC 9110 §7.8)", () => {
  const cases: [asked: string, taken: string[], expected: boolean][] = [
    ["websocket", ["websocket"], true],
    ["websocket", ["WebSocket"], true],
    ["WEBSOCKET", ["websocket"], true],
    ["x/1, websocket", ["websocket"], true],
    ["x/1 ,websocket,", [" websocket\t"], true],
    ["x/1, websocket", ["x/1, websocket"], true],
    ["x/1, websocket", ["x/1", "websocket"], true],
    ["websocket", [], false],
    ["websocket", [""], false],
    ["websocket", [" , "], false],
    ["websocket", ["h2c"], false],
    ["websocket", ["websocket, h2c"], false],
    ["websocket", ["websocket", "h2c"], false],
    ["x/1", ["x/2"], false],
    ["x/1", ["x"], false],
    ["", [""], false],
  ];
  for (const [asked, taken, expected] of cases) {
    const headers: HeaderLine[] = [["Connection", "Upgrade"]];
    for (const value of taken) headers.push(["uPgrade", value]);
    assert.equal(isUpgradeAskedFor(headers, asked), expected, `${asked} | ${taken.join(" | ")}`);
  }
});
