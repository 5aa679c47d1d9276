import assert from "node:assert/strict";
import { refuseGrpc } from "../../../lib/http/policy/refuse_grpc.ts";
import { headerOf, makeAnswer, makeExchange } from "../../support/exchanges.ts";

const ask = async (type: string) =>
  await refuseGrpc(
    makeExchange({ method: "POST", headers: [["Content-Type", type]] }),
    () => Promise.resolve(makeAnswer(204)),
  );

for (const type of ["application/grpc", "application/grpc+proto", "Application/gRPC;x=y"]) {
  Deno.test(`refuseGrpc: ${type} is refused in gRPC's own words`, async () => {
    const answer = await ask(type);
    assert.equal(answer.status, 200);
    assert.equal(headerOf(answer, "content-type"), "application/grpc");
    assert.equal(headerOf(answer, "grpc-status"), "12");
    assert.match(headerOf(answer, "grpc-message")!, /passthrough/);
    assert.equal(answer.body, undefined);
  });
}

for (const type of ["application/grpc-web+proto", "application/grpcx", "text/application/grpc"]) {
  Deno.test(`refuseGrpc: ${type} is none`, async () => {
    assert.equal((await ask(type)).status, 204);
  });
}
