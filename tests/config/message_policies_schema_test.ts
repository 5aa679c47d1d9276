import assert from "node:assert/strict";
import { HOP_BY_HOP_FIELDS } from "../../lib/base/hop_by_hop.ts";
import { MESSAGE_POLICY_KEYS } from "../../lib/config/message_policies_schema.ts";
import { messagesOf } from "./parsing.ts";

const OFFLOAD = "hosts: [a.b], mode: offload, upstream: http://b";

function told(keys: string): string[] {
  return messagesOf(`{ ${OFFLOAD}, ${keys} }`);
}

const PASSED_ON = "it belongs to a single connection, and is never passed on";

for (const name of [...HOP_BY_HOP_FIELDS, "Connection", "Transfer-Encoding"]) {
  Deno.test(`MESSAGE_POLICY_KEYS: RFC 9110 §7.6.1, nobody may change ${name}`, () => {
    for (const key of ["request_headers", "response_headers"]) {
      for (const action of ["set", "add"]) {
        assert.deepEqual(told(`${key}: { ${action}: { ${name}: x } }`), [
          `Cannot use "x" as "${key}.${action}.${name}": ${PASSED_ON}`,
        ]);
      }
      assert.deepEqual(told(`${key}: { remove: [${name}] }`), [
        `Cannot use "${name}" as "${key}.remove": ${PASSED_ON}`,
      ]);
    }
  });
}

const REFUSED: readonly [keys: string, told: readonly string[]][] = [
  ["request_headers: { set: { HOST: x } }", [
    'Cannot use "x" as "request_headers.set.HOST": another key sets it',
  ]],
  ["request_headers: { remove: [Host, via] }", [
    'Cannot use "Host" as "request_headers.remove": another key sets it',
    'Cannot use "via" as "request_headers.remove": RFC 9110 §7.6.3 demands it of a proxy',
  ]],
  ["response_headers: { remove: [content-length] }", [
    'Cannot use "content-length" as "response_headers.remove": the body decides it',
  ]],
  ["request_headers: { set: { X-A: b, x-a: c } }", [
    'Cannot use "c" as "request_headers.set.x-a": the header is already given above',
  ]],
  ["request_headers: { set: { 'X A': b } }", [
    'Cannot use "b" as "request_headers.set.X A": its key cannot be a header name',
  ]],
  ["request_headers: { add: { X: [] } }", [
    'Cannot use a list as "request_headers.add.X": it is empty, expected at least one text',
  ]],
  ["request_headers: { set: [X] }", [
    'Cannot use a list as "request_headers.set": wrong type, expected a mapping of header names ' +
    'such as "{ X-Robots-Tag: noindex }"',
  ]],
  ["request_headers: { sett: { X: y } }", [
    'Cannot read "request_headers" of route "a.b": unknown key "sett"',
  ]],
  ["response_headers: { remove: X }", [
    'Cannot use "X" as "response_headers.remove": wrong type, expected a list of header names',
  ]],
  ["hsts: 1y", [
    'Cannot use "1y" as "hsts": wrong type, expected true, false or a mapping with keys such as ' +
    '"max_age"',
  ]],
  ["hsts: { max_age: 365 }", [
    'Cannot use 365 as "hsts.max_age": unit is missing, expected a duration such as "1y" or "30d"',
  ]],
  ["security_headers: on", [
    'Cannot use "on" as "security_headers": wrong type, expected true or false',
  ]],
  ["error_pages: { 200: a.html }", [
    'Cannot read "error_pages" of route "a.b": unknown key "200"',
  ]],
  ["error_pages: { 404: a.php }", [
    'Cannot use "a.php" as "error_pages.404": its ending tells no type, expected a file such as ' +
    '"error.html", or one that ends in ".txt" or ".json"',
  ]],
  ["maintenance: { allow: 10.0.0.0/8 }", [
    'Cannot use "10.0.0.0/8" as "maintenance.allow": wrong type, expected a list of blocks of IP ' +
    "addresses",
  ]],
  ["max_body_size: 1000", [
    'Cannot use 1000 as "max_body_size": unit is missing, expected a size such as "10MB", or ' +
    '"unlimited"',
  ]],
];

for (const [keys, expected] of REFUSED) {
  Deno.test(`MESSAGE_POLICY_KEYS: refuses "${keys}"`, () => {
    assert.deepEqual(told(keys), expected);
  });
}

Deno.test("MESSAGE_POLICY_KEYS: an answer may have Host and Via, as any other field", () => {
  assert.deepEqual(told("response_headers: { set: { Host: x }, remove: [Via] }"), []);
});

Deno.test("MESSAGE_POLICY_KEYS: error_pages knows every registered status, and both classes", () => {
  const statuses = ["4xx", "5xx", "404", "418", "421", "451", "500", "508", "511"];
  const good = statuses.filter((status) => told(`error_pages: { ${status}: a.html }`).length === 0);
  assert.deepEqual(good, statuses.filter((status) => status !== "418"));
});

Deno.test("MESSAGE_POLICY_KEYS: every key may be left out", () => {
  for (const [key, schema] of Object.entries(MESSAGE_POLICY_KEYS)) {
    assert(schema.safeParse(undefined).success, key);
  }
});
