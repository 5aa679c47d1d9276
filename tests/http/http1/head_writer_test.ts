import assert from "node:assert/strict";
import { HeadWriter, HeadWriterError } from "../../../lib/http/http1/head_writer.ts";
import { decodeLatin1 } from "../../../lib/http/http1/latin1.ts";

function write(run: (writer: HeadWriter) => void, room = 64): string {
  const bytes = new Uint8Array(room);
  const writer = new HeadWriter();
  writer.begin(bytes);
  run(writer);
  return decodeLatin1(bytes.subarray(0, writer.end));
}

Deno.test("HeadWriter: lines with bytes from 0x80, one byte each", () => {
  const text = write((writer) => {
    writer.raw("HTTP/1.1 200 ");
    writer.text("\xe9\tok");
    writer.endLine();
    writer.line("A", "\x80\xff");
    writer.line("B", "");
    writer.endLine();
  });
  assert.equal(text, "HTTP/1.1 200 \xe9\tok\r\nA: \x80\xff\r\nB: \r\n\r\n");
});

Deno.test("HeadWriter: no character passes that could end a line, or become one when cut to a byte", () => {
  for (let code = 0; code < 0x300; code++) {
    const character = String.fromCharCode(code);
    const isValue = code === 9 || (code >= 0x20 && code !== 0x7f && code < 0x100);
    const line = () => write((writer) => writer.line("A", character));
    if (isValue) assert.equal(line(), `A: ${character}\r\n`);
    else assert.throws(line, HeadWriterError, `value ${code}`);
    const named = () => write((writer) => writer.line(character, "a"));
    if (/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(character)) assert.equal(named(), `${character}: a\r\n`);
    else assert.throws(named, HeadWriterError, `name ${code}`);
  }
  assert.throws(() => write((writer) => writer.line("", "a")), HeadWriterError);
});

Deno.test("HeadWriter: what does not fit is counted, and nothing is written outside", () => {
  const memory = new Uint8Array(16);
  const writer = new HeadWriter();
  writer.begin(memory.subarray(0, 8));
  writer.line("Name", "a long value");
  assert.equal(writer.end, 20);
  assert.deepEqual([...memory.subarray(8)], [0, 0, 0, 0, 0, 0, 0, 0]);
});

Deno.test("HeadWriter.token: takes tokens, and nothing else", () => {
  assert.equal(write((writer) => writer.token("PROPFIND")), "PROPFIND");
  for (const text of ["", "GET /", "GET\r\n", "G\xe9T", "GET\u0120"]) {
    assert.throws(() => write((writer) => writer.token(text)), HeadWriterError, text);
  }
});
