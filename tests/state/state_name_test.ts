import assert from "node:assert/strict";
import { hostnameSegment, isStateName } from "../../lib/state/state_name.ts";

Deno.test("hostnameSegment leaves ordinary hostnames as they are", () => {
  for (const hostname of ["a", "app.example.org", "_dmarc.example.org", "xn--bcher-kva.example"]) {
    assert.equal(hostnameSegment(hostname), hostname);
    assert.ok(isStateName(`certificates/${hostname}.pem`));
  }
});

Deno.test("hostnameSegment tells long hostnames apart and leaves room for endings", () => {
  const labels = [..."abcd"].map((letter) => letter.repeat(61)).join(".");
  const segments = [`${labels}.x`, `${labels}.y`].map(hostnameSegment);
  assert.notEqual(segments[0], segments[1]);
  for (const segment of segments) {
    assert.ok(isStateName(`certificates/${segment}.pem.bad-20261121T120003Z-2`), segment);
    assert.equal(segment.length, 200);
  }
});
