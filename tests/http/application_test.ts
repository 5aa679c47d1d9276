import assert from "node:assert/strict";
import { createApplication, pathOf, type Policy } from "../../lib/http/application.ts";
import type { Answer } from "../../lib/http/message.ts";
import { makeAnswer, makeExchange, readText } from "../support/exchanges.ts";

const said = (text: string) => () => makeAnswer(200, [], new TextEncoder().encode(text));
const ask = async (application: ReturnType<typeof createApplication>, target: string) =>
  await readText(await application.answer(makeExchange({ target })));

const PATHS: readonly [target: string, path: string][] = [
  ["/", "rest"],
  ["/api", "api"],
  ["/api/", "api"],
  ["/api/a/b?c", "api"],
  ["/api?x=/exact", "api"],
  ["/apis", "rest"],
  ["/exact", "exact"],
  ["/exact?q", "exact"],
  ["/exact/", "rest"],
  ["/EXACT", "rest"],
  // Nothing is decoded on the way to the router.
  ["/ap%69", "rest"],
  ["/api%2Fx", "rest"],
  ["//api", "rest"],
  ["/a/../api", "rest"],
  ["*", "rest"],
  ["/%", "rest"],
  ["/\xff", "rest"],
];
for (const [target, path] of PATHS) {
  Deno.test(`createApplication: ${target} goes to ${path}`, async () => {
    const application = createApplication([
      { path: "/api/*", handler: said("api") },
      { path: "/exact", handler: said("exact") },
      { path: "/api/late", handler: said("never") },
      { path: "*", handler: said("rest") },
    ]);
    assert.equal(await ask(application, target), path);
  });
}

Deno.test("createApplication: the answer is handed on as the object it is, whatever the method", async () => {
  const answer: Answer = { status: 101, reason: "", headers: [], body: undefined };
  const application = createApplication([{ path: "*", handler: () => answer }]);
  for (const method of ["GET", "HEAD", "OPTIONS", "gEt", "PROPFIND"]) {
    assert.equal(await application.answer(makeExchange({ method })), answer);
  }
});

Deno.test("createApplication: policies see the exchange in order and the answer in reverse", async () => {
  const seen: string[] = [];
  const noting = (name: string): Policy => async (exchange, next) => {
    seen.push(`${name} ${exchange.target}`);
    const answer = await next({ ...exchange, target: `${exchange.target}${name}` });
    seen.push(`${name} ${answer.status}`);
    return { ...answer, status: answer.status + 1 };
  };
  const application = createApplication([{
    path: "*",
    policies: [noting("a"), noting("b")],
    handler: ({ target }) => {
      seen.push(`handler ${target}`);
      return makeAnswer(200);
    },
  }]);
  assert.equal((await application.answer(makeExchange({ target: "/" }))).status, 202);
  assert.deepEqual(seen, ["a /", "b /a", "handler /ab", "b 200", "a 201"]);
});

Deno.test("createApplication: a policy that answers by itself keeps the others out", async () => {
  const application = createApplication([{
    path: "*",
    policies: [(_exchange, next) => next(), () => makeAnswer(401)],
    handler: () => {
      throw new Error("not reached");
    },
  }]);
  assert.equal((await application.answer(makeExchange())).status, 401);
});

Deno.test("createApplication: defects come out as they are", async () => {
  const broken = createApplication([{
    path: "/a",
    policies: [(_exchange, next) => next()],
    handler: () => Promise.reject(new Error("defect")),
  }]);
  const asking = async (target: string) => await broken.answer(makeExchange({ target }));
  await assert.rejects(asking("/a"), /^Error: defect$/);
  await assert.rejects(asking("/b"), /no path of the application matches/);
});

Deno.test("pathOf: what stands before the first question mark, as sent", () => {
  for (
    const [target, path] of [["/a?b?c", "/a"], ["/%3F?", "/%3F"], ["*", "*"], ["?x", ""], ["", ""]]
  ) {
    assert.equal(pathOf(target), path);
  }
});
