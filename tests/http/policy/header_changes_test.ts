import assert from "node:assert/strict";
import type { HeaderChanges } from "../../../lib/config/message_policies.ts";
import type { Exchange } from "../../../lib/http/exchange.ts";
import type { HeaderLine } from "../../../lib/http/message.ts";
import {
  changeResponseHeaders,
  compileHeaderChanges,
} from "../../../lib/http/policy/header_changes.ts";
import { makeAnswer, makeBody, makeExchange } from "../../support/exchanges.ts";

type Sketch = Partial<{ remove: string[]; set: HeaderLine[]; add: HeaderLine[] }>;

function changes({ remove = [], set = [], add = [] }: Sketch): HeaderChanges {
  const template = ([name, value]: HeaderLine) => ({ name, value: [value] });
  return { remove, set: set.map(template), add: add.map(template) };
}

const BEFORE: readonly HeaderLine[] = [
  ["Server", "nginx"],
  ["Set-Cookie", "a=1"],
  ["X-Powered-By", "PHP"],
  ["set-cookie", "b=2"],
  ["ETag", '"x"'],
];

const CASES: readonly [why: string, changes: Sketch, after: readonly HeaderLine[]][] = [
  ["nothing", {}, BEFORE],
  ["RFC 9110 §5.1, names to remove are the same in every case", { remove: ["SET-COOKIE"] }, [
    ["Server", "nginx"],
    ["X-Powered-By", "PHP"],
    ["ETag", '"x"'],
  ]],
  ["removing what is not there", { remove: ["X-None"] }, BEFORE],
  ["RFC 9110 §5.3, set leaves one line, at the place of the first", {
    set: [["Set-Cookie", "c=3"]],
  }, [
    ["Server", "nginx"],
    ["Set-Cookie", "c=3"],
    ["X-Powered-By", "PHP"],
    ["ETag", '"x"'],
  ]],
  ["what some server takes for the same name goes with it", {
    remove: ["X_Powered.By"],
    set: [["set_cookie", "c=3"]],
  }, [["Server", "nginx"], ["set_cookie", "c=3"], ["ETag", '"x"']]],
  ["set keeps the case in which it is written", { set: [["sErVeR", "p"]] }, [
    ["sErVeR", "p"],
    ...BEFORE.slice(1),
  ]],
  ["set of what is not there comes last, in the order given", {
    set: [["X-B", "1"], ["X-A", "2"]],
  }, [...BEFORE, ["X-B", "1"], ["X-A", "2"]]],
  ["RFC 9110 §5.3, add puts lines beside those that are there", {
    add: [["Set-Cookie", "c=3"], ["Set-Cookie", "d=4"]],
  }, [...BEFORE, ["Set-Cookie", "c=3"], ["Set-Cookie", "d=4"]]],
  ["remove, then set, then add", {
    remove: ["Server", "ETag", "Set-Cookie"],
    set: [["Server", "p"]],
    add: [["server", "q"]],
  }, [["X-Powered-By", "PHP"], ["Server", "p"], ["server", "q"]]],
];

for (const [why, sketch, after] of CASES) {
  Deno.test(`compileHeaderChanges: ${why}`, () => {
    const before = structuredClone(BEFORE);
    assert.deepEqual(compileHeaderChanges(changes(sketch))(before, makeExchange()), after);
    assert.deepEqual(before, BEFORE);
  });
}

const VALUES: readonly [placeholder: "client_ip" | "host" | "scheme", Partial<Exchange>, string][] =
  [
    ["client_ip", {}, "192.0.2.1"],
    ["client_ip", { client: { ip: "2001:db8::1", port: 1 } }, "2001:db8::1"],
    ["host", { authority: "App.example.org:8443" }, "App.example.org:8443"],
    ["scheme", { scheme: "http" }, "http"],
  ];

for (const [placeholder, fields, value] of VALUES) {
  Deno.test(`compileHeaderChanges: {${placeholder}} is ${value}`, () => {
    const line = { name: "X-Told", value: ["<", { placeholder }, "|", { placeholder }, ">"] };
    const exchange = makeExchange(fields);
    for (const key of ["set", "add"] as const) {
      const change = compileHeaderChanges({ ...changes({}), [key]: [line] });
      assert.deepEqual(change([], exchange), [["X-Told", `<${value}|${value}>`]]);
    }
  });
}

Deno.test("changeResponseHeaders: RFC 9110 §6.5.1, §15.2, what is gone comes neither before nor behind", async () => {
  const policy = changeResponseHeaders(changes({ remove: ["X-Srv"], set: [["X-Own", "1"]] }));
  const lines: HeaderLine[] = [["x_srv", "a"], ["X-Own", "b"], ["Link", "c"]];
  const interim: unknown[] = [];
  const exchange = makeExchange({ sendInterim: (...given) => void interim.push(given) });
  const streamed = { ...makeBody("x"), length: undefined, trailers: lines };
  for (const body of [streamed, new Uint8Array(1)]) {
    const answer = await policy(exchange, (asked) => {
      asked!.sendInterim(103, lines);
      return Promise.resolve({ ...makeAnswer(200, [], body), trailers: lines });
    });
    const trailers = answer.body instanceof Uint8Array ? answer.trailers : answer.body!.trailers;
    assert.deepEqual(trailers, [["Link", "c"]]);
  }
  assert.deepEqual(interim, Array(2).fill([103, [["Link", "c"]]]));
});

Deno.test("changeResponseHeaders: changes the headers of an answer and nothing else", async () => {
  const body = new Uint8Array([1]);
  const policy = changeResponseHeaders(changes({ remove: ["Server"], add: [["X-A", "1"]] }));
  const answer = { ...makeAnswer(418, BEFORE, body), reason: "Teapot", isOwn: true };
  const changed = await policy(makeExchange(), () => Promise.resolve(answer));
  assert.deepEqual(changed.headers, [...BEFORE.slice(1), ["X-A", "1"]]);
  assert.equal(changed.body, body);
  const { status, reason, isOwn } = changed;
  assert.deepEqual({ status, reason, isOwn }, { status: 418, reason: "Teapot", isOwn: true });
});
