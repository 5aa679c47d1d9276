import assert from "node:assert/strict";
import type { Exchange } from "../../lib/http/exchange.ts";
import { redirectTo, redirectToHttps } from "../../lib/http/redirect.ts";
import { headerOf, makeExchange, readText } from "../support/exchanges.ts";

type Case = readonly [fields: Partial<Exchange>, port: number, location: string];

const TO_HTTPS: readonly Case[] = [
  [{}, 443, "https://app.example.org/"],
  [{ target: "/a%2Fb//c/../d?x=1&y=%zz" }, 443, "https://app.example.org/a%2Fb//c/../d?x=1&y=%zz"],
  [{ authority: "App.example.org:80" }, 443, "https://app.example.org/"],
  [{}, 8443, "https://app.example.org:8443/"],
  [{ target: "//evil.example/" }, 443, "https://app.example.org//evil.example/"],
  [{ target: "*" }, 443, "https://app.example.org/"],
  [{ authority: "192.0.2.7:80", hostname: undefined }, 443, "https://192.0.2.7/"],
  [{ authority: "[::1]:80", hostname: undefined }, 8443, "https://[::1]:8443/"],
];
for (const [fields, httpsPort, location] of TO_HTTPS) {
  Deno.test(`redirectToHttps: ${JSON.stringify(fields)} to ${location}`, () => {
    const response = redirectToHttps(makeExchange({ scheme: "http", ...fields }), {
      status: 308,
      httpsPort,
    });
    assert.equal(response.status, 308);
    assert.equal(headerOf(response, "location"), location);
  });
}

const TO: readonly [to: string, target: string, location: string][] = [
  ["https://new.example.org", "/a?b=%zz", "https://new.example.org/a?b=%zz"],
  ["https://new.example.org/", "/", "https://new.example.org/"],
  ["https://new.example.org:8443", "//x/..", "https://new.example.org:8443//x/.."],
  ["https://new.example.org", "*", "https://new.example.org/"],
  ["https://new.example.org/moved", "/a?b", "https://new.example.org/moved"],
  ["https://new.example.org/?q", "/a?b", "https://new.example.org/?q"],
];
for (const [to, target, location] of TO) {
  Deno.test(`redirectTo: ${target} by ${to} to ${location}`, () => {
    const response = redirectTo(makeExchange({ target }), { to: new URL(to), status: 301 });
    assert.equal(headerOf(response, "location"), location);
  });
}

Deno.test("redirectTo: RFC 9110 §15.4, each status as configured, kept by caches as they like", async () => {
  for (const status of [301, 302, 307, 308] as const) {
    const to = new URL("https://new.example.org");
    const response = redirectTo(makeExchange(), { to, status });
    assert.equal(response.status, status);
    assert.equal(headerOf(response, "cache-control"), undefined);
    assert.equal(
      await readText(response),
      "https://new.example.org/\n",
      "for people without a browser",
    );
  }
});
