/**
 * Every limit with its unit and its reason. Time limits that a user may set are the defaults of the
 * configuration; the rest are fixed.
 *
 * @module
 */

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

// ---- ClientHello ----

/**
 * Bytes of ClientHello, record headers included. Post-quantum key shares make hellos of 2 to 10 KiB;
 * RFC 8446 would allow 16 MiB, which nobody sends and which would be memory for any stranger to take.
 */
export const HELLO_MAX_BYTES = 64 * KIB;

/** `timeouts.hello`: a phone on a bad line needs a few retransmissions; an attacker wants for ever. */
export const HELLO_TIMEOUT_MS = 5 * SECOND_MS;

/** A refused client is read from for so long after its alert: closing with unread bytes makes the
 * kernel send a reset, and a reset can overtake the alert. */
export const ALERT_LINGER_MS = 1 * SECOND_MS;

/** And so much. */
export const ALERT_LINGER_MAX_BYTES = 64 * KIB;

// ---- relay ----

/** `timeouts.connect`: three SYNs (at 0, 1 and 3 s) fit. */
export const CONNECT_TIMEOUT_MS = 5 * SECOND_MS;

/** `timeouts.idle`: longer than the keep-alives of mail and chat protocols behind passthrough. */
export const RELAY_IDLE_TIMEOUT_MS = 10 * MINUTE_MS;

/** One read buffer per direction of a portable relay: the largest TLS record four times over. */
export const RELAY_BUFFER_BYTES = 64 * KIB;

/** Pause after a failed accept (EMFILE): a spinning loop would keep the process from recovering. */
export const ACCEPT_PAUSE_MS = 100;

/** How long connections may finish after SIGTERM, before they are closed. */
export const DRAIN_TIMEOUT_MS = 30 * SECOND_MS;

// ---- the hop ----

/** A closed hop's address is kept so long: a request may be handled after its connection has gone. */
export const HOP_REUSE_DELAY_MS = 5 * SECOND_MS;

/** Hops known at one time: all 28,000 ephemeral ports of one loopback address, and their successors. */
export const HOP_CAPACITY = 65_536;

/** Dials of one hop, if the port the kernel chose is still held by a closed hop's entry. */
export const HOP_DIALS_MAX = 8;

// ---- HTTP ----

/** `timeouts.header`: from the first byte of a connection to the end of its first request head. */
export const HEADER_TIMEOUT_MS = 10 * SECOND_MS;

/** `timeouts.keep_alive`: browsers give up idle connections after one to five minutes themselves. */
export const KEEP_ALIVE_TIMEOUT_MS = 75 * SECOND_MS;

/** `timeouts.response`: silence of an upstream that has a whole request, before 504. */
export const RESPONSE_TIMEOUT_MS = 60 * SECOND_MS;

/** Bytes of an upstream's status line and headers together. */
export const HEAD_MAX_BYTES = 64 * KIB;

/** Header lines of one message. */
export const HEADER_LINES_MAX = 256;

/** Bytes of one chunk-size line, extensions included; extensions serve no purpose but to attack. */
export const CHUNK_LINE_MAX_BYTES = 1 * KIB;

/** Bytes of a trailer section. */
export const TRAILER_MAX_BYTES = 16 * KIB;

/** Interim (1xx) answers before a final one. */
export const INTERIM_RESPONSES_MAX = 32;

/** Idle connections kept per server: enough for a page's burst, cheap for the server. */
export const POOL_IDLE_MAX = 64;

/** Below the 60 s or 75 s after which common servers close theirs, so that we are seldom too late. */
export const POOL_IDLE_TIMEOUT_MS = 50 * SECOND_MS;

// ---- certificates and state ----

/** A file of the state folder; a chain with key has about 10 KiB. */
export const STATE_FILE_MAX_BYTES = 1 * MIB;

/** A routes.yaml; 10,000 routes have about 1 MiB. */
export const CONFIG_MAX_BYTES = 16 * MIB;
