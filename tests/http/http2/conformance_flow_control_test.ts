/** Flow control in both directions (RFC 9113 §5.2, §6.9): nobody sends more than the other has asked for. */
import assert from "node:assert/strict";
import {
  type ConformanceCase,
  connectionError,
  goesOn,
  streamError,
  testConformance,
} from "../../support/conformance_case.ts";
import {
  CODE,
  encodeData,
  encodeReset,
  encodeSettings,
  encodeWindowUpdate,
  FLAG,
  FRAME,
  padded,
  SETTING,
  WINDOW_MAX_BYTES,
} from "../../support/http2_frames.ts";
import type { Http2Place } from "../../support/http2_place.ts";

const overflow = connectionError("flowControlError");

/** Sees how many bytes of each stream have come; the witness sees that no window was exceeded. */
async function expectBytes(client: Http2Place, bytes: readonly number[]): Promise<void> {
  await client.settle();
  const seen = [...client.witness.streams.values()].map(({ bodyBytes }) => bodyBytes);
  assert.deepEqual(seen, bytes, client.witness.describe());
}

/** The client's own window for each answer. */
function windowOf(bytes: number): readonly (readonly [number, number])[] {
  return [[SETTING.initialWindowSize, bytes]];
}

const ANSWERS: readonly ConformanceCase[] = [
  {
    what: "§6.9.1: a window of one byte is used, and no more",
    settings: windowOf(1),
    play: (client) => void client.open({ path: "/bytes/5" }),
    seen: async (client) => {
      await expectBytes(client, [1]);
      client.send(encodeWindowUpdate(1, 1));
      await expectBytes(client, [2]);
      client.send(encodeWindowUpdate(1, 3));
      await expectBytes(client, [5]);
      assert.equal(client.witness.stream(1).isEnded, true);
    },
  },
  {
    what: "§6.9.1: a window of 0 holds back the body, and not its head",
    settings: windowOf(0),
    play: (client) => void client.open({ path: "/bytes/5" }),
    seen: async (client) => {
      assert.equal(client.witness.stream(1).head?.status, 200);
      await expectBytes(client, [0]);
      client.send(encodeSettings(windowOf(3)));
      await expectBytes(client, [3]);
      client.send(encodeSettings(windowOf(1)), encodeSettings(windowOf(5)));
      await expectBytes(client, [5]);
    },
  },
  {
    what: "§6.9: a window of 0 does not hold back an answer without a body",
    settings: windowOf(0),
    play: (client) => void client.open({ method: "HEAD", path: "/bytes/5" }),
    seen: ({ witness }) => assert.equal(witness.stream(1).isEnded, true),
  },
  {
    what: "§6.9: 0 bytes and an empty body need no window",
    settings: windowOf(0),
    play: (client) => void client.open({ path: "/bytes/0" }),
    seen: ({ witness }) => assert.equal(witness.stream(1).isEnded, true),
  },
  {
    what: "§6.9.1: the connection's window holds for all streams together",
    settings: windowOf(60_000),
    play: (client) => {
      for (let count = 0; count < 3; count++) client.open({ path: "/bytes/50000" });
    },
    seen: async (client) => {
      await client.settle();
      const sum = () =>
        client.witness.streams.values().reduce((bytes, { bodyBytes }) => bytes + bodyBytes, 0);
      assert.equal(sum(), 65_535);
      client.send(encodeWindowUpdate(0, 20_000));
      await client.settle();
      assert.equal(sum(), 85_535);
      client.send(encodeWindowUpdate(0, 100_000));
      await expectBytes(client, [50_000, 50_000, 50_000]);
    },
  },
  {
    what: "§5.2: a stream that is not read from holds up no other",
    settings: windowOf(100),
    play: async (client) => {
      client.open({ path: "/bytes/100000" });
      await client.settle();
      client.open({ path: "/bytes/100" });
    },
    seen: async (client) => {
      await expectBytes(client, [100, 100]);
      assert.equal(client.witness.stream(3).isEnded, true);
    },
  },
  {
    what: "§6.9.2: a window may become negative, and grows from there",
    settings: windowOf(1_000),
    play: async (client) => {
      client.open({ path: "/bytes/2000" });
      await client.settle();
      client.send(encodeSettings(windowOf(10)));
    },
    seen: async (client) => {
      await expectBytes(client, [1_000]);
      client.send(encodeWindowUpdate(1, 990));
      await expectBytes(client, [1_000]);
      client.send(encodeWindowUpdate(1, 1));
      await expectBytes(client, [1_001]);
      client.send(encodeSettings(windowOf(9)), encodeWindowUpdate(1, 1));
      await expectBytes(client, [1_001]);
      client.send(encodeSettings(windowOf(1_008)));
      await expectBytes(client, [2_000]);
    },
  },
  {
    what: "§6.9.2: a change holds for streams that are opened later, and not for the connection",
    settings: windowOf(10),
    play: async (client) => {
      client.send(encodeSettings(windowOf(100_000)));
      client.open({ path: "/bytes/100000" });
      await client.settle();
    },
    seen: async (client) => {
      await expectBytes(client, [65_535]);
      client.send(encodeWindowUpdate(0, 34_465));
      await expectBytes(client, [100_000]);
    },
  },
  {
    what: "§6.5.3: of several values of a setting the last one holds",
    settings: [...windowOf(100), ...windowOf(1)],
    play: (client) => void client.open({ path: "/bytes/5" }),
    seen: (client) => expectBytes(client, [1]),
  },
  {
    what: "§4.2: frames are no larger than the client allows, whatever it allows",
    settings: [[SETTING.maxFrameSize, 16_777_215]],
    play: (client) => {
      client.send(encodeWindowUpdate(0, 1_000_000));
      const id = client.open({ path: "/bytes/200000" });
      client.send(encodeWindowUpdate(id, 1_000_000));
    },
    // The witness sees to it that none has more than 16 KiB, which are fair to other streams.
    seen: (client) => expectBytes(client, [200_000]),
  },
];

const OVERFLOWS: readonly ConformanceCase[] = [
  {
    what: "§6.9.1: the connection's window beyond 2^31-1",
    play: (client) => client.send(encodeWindowUpdate(0, WINDOW_MAX_BYTES)),
    seen: overflow,
  },
  {
    what: "§6.9.1: the connection's window beyond 2^31-1 in two steps",
    play: (client) =>
      client.send(
        encodeWindowUpdate(0, WINDOW_MAX_BYTES - 65_535),
        encodeWindowUpdate(0, 1),
      ),
    seen: overflow,
  },
  {
    what: "§6.9.1: the connection's window at 2^31-1",
    play: (client) => client.send(encodeWindowUpdate(0, WINDOW_MAX_BYTES - 65_535)),
    seen: goesOn,
  },
  {
    what: "§6.9.1: a stream's window beyond 2^31-1",
    settings: windowOf(1),
    play: async (client) => {
      client.open({ path: "/wait" });
      await client.settle();
      client.send(encodeWindowUpdate(1, WINDOW_MAX_BYTES - 1), encodeWindowUpdate(1, 1));
    },
    seen: streamError(1, "flowControlError"),
  },
  {
    what: "§6.9.1: a stream's window at 2^31-1, and a setting that makes it less first",
    settings: windowOf(100),
    play: async (client) => {
      client.open({ path: "/wait" });
      await client.settle();
      client.send(encodeSettings(windowOf(0)), encodeWindowUpdate(1, WINDOW_MAX_BYTES));
    },
    seen: goesOn,
  },
  {
    what: "§6.9.2: a setting that lifts a stream's window beyond 2^31-1",
    play: async (client) => {
      client.open({ path: "/wait" });
      await client.settle();
      client.send(encodeWindowUpdate(1, 1), encodeSettings(windowOf(WINDOW_MAX_BYTES)));
    },
    seen: overflow,
  },
  {
    what: "§6.9: WINDOW_UPDATE by 0 on a stream",
    play: async (client) => {
      client.open({ path: "/wait" });
      await client.settle();
      client.send(encodeWindowUpdate(1, 0));
    },
    seen: streamError(1, "protocolError"),
  },
  {
    what: "§6.9: the reserved bit of an increment is ignored",
    settings: windowOf(0),
    play: async (client) => {
      client.open({ path: "/bytes/5" });
      await client.settle();
      const frame = encodeWindowUpdate(1, 5);
      frame[9] |= 0x80;
      client.send(frame);
    },
    seen: (client) => expectBytes(client, [5]),
  },
];

/** Sends a body piece by piece, as far as the windows let it. @returns Bytes that were sent. */
async function upload(client: Http2Place, id: number, length: number): Promise<number> {
  const { witness } = client;
  let sent = 0;
  while (sent < length) {
    const open = Math.min(witness.stream(id).sendWindowBytes, witness.sendWindowBytes);
    const count = Math.min(open, length - sent, 16_384);
    if (count <= 0) break;
    sent += count;
    client.send(encodeData(id, new Uint8Array(count), sent === length ? FLAG.endStream : 0));
    await client.settle(1);
  }
  return sent;
}

const UPLOADS: readonly ConformanceCase[] = [
  {
    what: "§6.9: what is read makes room: 5 MiB, never beyond the windows",
    play: async (client) => {
      const id = client.open({ method: "POST", isWhole: false });
      client.send(encodeWindowUpdate(id, 10_000_000), encodeWindowUpdate(0, 10_000_000));
      assert.equal(await upload(client, id, 5_242_880), 5_242_880);
      await client.until(() => client.witness.stream(id).isEnded, "answered");
    },
    seen: async (client) => {
      await expectBytes(client, [5_242_880]);
      await goesOn(client);
    },
  },
  {
    what: "§5.2: what nobody reads makes no room in its stream",
    play: async (client) => {
      const id = client.open({ method: "POST", path: "/wait", isWhole: false });
      assert.equal(
        await upload(client, id, 5_242_880),
        client.witness.settings.get(SETTING.initialWindowSize),
      );
    },
    seen: goesOn,
  },
  {
    what: "§6.9.1: a body beyond its window",
    play: async (client) => {
      const id = client.open({ method: "POST", path: "/wait", isWhole: false });
      await upload(client, id, 5_242_880);
      client.send(encodeData(id, "x".repeat(100)));
    },
    seen: async (client) => {
      assert.equal(client.witness.stream(1).resetCode, CODE.flowControlError);
      await goesOn(client);
    },
  },
  {
    what: "§6.9.1: bodies beyond the connection's window",
    play: async (client) => {
      await client.settle();
      let left = client.witness.sendWindowBytes + 1;
      for (; left > 0; left -= 16_384) {
        const id = client.open({ method: "POST", path: "/wait", isWhole: false });
        client.send(encodeData(id, new Uint8Array(Math.min(16_384, left))));
        await client.settle(1);
      }
    },
    seen: overflow,
  },
  {
    what: "§5.1, §6.9: bodies of streams that were given up use up no window of the connection",
    play: async (client) => {
      for (let count = 0; count < 40; count++) {
        const id = client.open({ method: "POST", path: "/wait", isWhole: false });
        for (let frames = 0; frames < 7; frames++) {
          assert.ok(client.witness.sendWindowBytes >= 16_384, client.witness.describe());
          client.send(encodeData(id, new Uint8Array(16_384)));
        }
        client.send(encodeReset(id));
        await client.settle(2);
      }
    },
    seen: goesOn,
  },
  {
    what: "§6.9.1: padding counts, and is given back",
    play: async (client) => {
      const id = client.open({ method: "POST", isWhole: false });
      client.send(encodeWindowUpdate(id, 1_000_000), encodeWindowUpdate(0, 1_000_000));
      const frame = encodeData(id, padded(new Uint8Array(100).fill(0x61), 255), FLAG.padded);
      for (let count = 0; count < 5_000; count++) {
        const { witness } = client;
        const open = Math.min(witness.sendWindowBytes, witness.stream(id).sendWindowBytes);
        assert.ok(open >= 356, `${open} after ${count}`);
        client.send(frame);
        if (count % 100 === 0) await client.settle(1);
      }
      client.send(encodeData(id, "", FLAG.endStream));
    },
    seen: async (client) => {
      await expectBytes(client, [500_000]);
      assert.ok(client.witness.frames[FRAME.windowUpdate] < 100, "updates are seldom");
    },
  },
];

testConformance([...ANSWERS, ...OVERFLOWS, ...UPLOADS]);
