/**
 * The limits of one HTTP/2 connection. Every number with its unit and its reason; see `limits.ts` for
 * what HTTP/1.1 and HTTP/2 share.
 *
 * @module
 */
const KIB = 1024;
const MIB = 1024 * KIB;

/** Streams of one connection whose handler or answer is not over; browsers open 100 at most. */
export const HTTP2_STREAMS_MAX = 128;

/**
 * What a client may send on all streams together without being told to go on. A connection holds no more
 * than this of bodies that nobody reads.
 */
export const HTTP2_WINDOW_BYTES = 1 * MIB;

/** The same where upstreams have taken all that came at once; so much is then held if they stop. */
export const HTTP2_WINDOW_MAX_BYTES = 4 * MIB;

/** The same of one stream: a body that nobody reads must not use up what all share. */
export const HTTP2_STREAM_WINDOW_BYTES = 256 * KIB;

/** And where its upstream takes all that comes: at 100 Mbit/s, what 160 ms of travel need. */
export const HTTP2_STREAM_WINDOW_MAX_BYTES = 2 * MIB;

/** CONTINUATION frames of one field block: with 16 KiB each, more than its bytes may be. */
export const HTTP2_CONTINUATIONS_MAX = 8;

/** Bytes of one field block as it is encoded: twice what the fields may have. */
export const HTTP2_FIELD_BLOCK_MAX_BYTES = 128 * KIB;

/**
 * Output that waits for the client, from which on no DATA is added: what the runtime takes in one write
 * over TLS, in four full records.
 */
export const HTTP2_OUTPUT_FULL_BYTES = 64 * KIB;

/**
 * And from which on the client is not read from either: beside DATA there are only answers to what it
 * has sent, and heads. A client that never reads makes us hold so much, and no more.
 */
export const HTTP2_OUTPUT_MAX_BYTES = 256 * KIB;

/** What a frame counts beside its bytes when turns of the event loop are given (`turns.ts`): 128 requests
 * of a few bytes then take less than a millisecond. */
export const HTTP2_FRAME_WORK_BYTES = 4 * KIB;

/** Small reads and writes count together up to this as one step of `turns.ts`. */
export const HTTP2_STEP_BYTES = 16 * KIB;

/** Buffers of full size that answers of one connection hold at a time; those beyond get small ones. */
export const HTTP2_LARGE_READS_MAX = 8;

/** The small ones: 128 answers that wait for their upstreams then hold 1 MiB together. */
export const HTTP2_SMALL_READ_BYTES = 4 * KIB;

/** Streams remembered after we have reset them: what is on its way for them is ignored, not an error. */
export const HTTP2_RESETS_REMEMBERED_MAX = 256;

/** A client that was answered may send the rest of its request for so long, before its stream is reset. */
export const HTTP2_EARLY_RESET_MS = 200;

/** The debt at which a connection is ended, see `abuse_budget.ts`: 2,000 PING, or 1,000 RST_STREAM. */
export const HTTP2_DEBT_MAX = 20_000;

/** What time pays back: 200 PING, or 100 RST_STREAM, per second may go on for ever. */
export const HTTP2_DEBT_PAID_PER_SECOND_MAX = 2_000;
