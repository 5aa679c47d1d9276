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
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

// ---- ClientHello ----

/**
 * Bytes of ClientHello, record headers included. Post-quantum key shares make hellos of 2 to 10 KiB;
 * RFC 8446 would allow 16 MiB, which nobody sends and which would be memory for any stranger to take.
 */
export const HELLO_MAX_BYTES = 64 * KIB;

/** TLS records of one ClientHello: enough for a record per byte of a classic hello, while a hello of
 * 64 KiB in such records would be looked through 10,000 times from the start as it trickles in. */
export const HELLO_MAX_RECORDS = 2_048;

/** Bytes of a server name: a hostname has 253 characters at most (RFC 1035 §2.3.4), but clients send
 * 255, and OpenSSL takes as many. */
export const SERVER_NAME_MAX_BYTES = 255;

/** `timeouts.hello`: a phone on a bad line needs a few retransmissions; an attacker wants for ever. */
export const HELLO_TIMEOUT_MS = 5 * SECOND_MS;

/** A refused client is read from for so long after its alert: closing with unread bytes makes the
 * kernel send a reset, and a reset can overtake the alert. */
export const ALERT_LINGER_MS = 1 * SECOND_MS;

/** And so much. */
export const ALERT_LINGER_MAX_BYTES = 64 * KIB;

// ---- PROXY header ----

/** Bytes of a version 1 header, line end included: the specification's worst case (§2.1). */
export const PROXY_V1_MAX_BYTES = 107;

/** Bytes of a version 2 header that is received: 64 KiB could be declared, 52 are addresses, and the
 * largest TLV in use is a client's certificate of 1 to 3 KiB. nginx takes as many. */
export const PROXY_V2_MAX_BYTES = 4 * KIB;

// ---- relay ----

/** `timeouts.connect`: three SYNs (at 0, 1 and 3 s) fit. */
export const CONNECT_TIMEOUT_MS = 5 * SECOND_MS;

/** `timeouts.idle`: longer than the keep-alives of mail and chat protocols behind passthrough. */
export const RELAY_IDLE_TIMEOUT_MS = 10 * MINUTE_MS;

/** One read buffer per direction of a portable relay: the largest TLS record four times over. */
export const RELAY_BUFFER_BYTES = 64 * KIB;

/** The same for a direction that moves little: an open but silent connection holds two of them. It
 * takes most hellos whole (a post-quantum one has about 1,800 bytes). */
export const RELAY_SMALL_BUFFER_BYTES = 2 * KIB;

/** Wait for a terminator to be opened; it is our own work, done in a few milliseconds. */
export const TERMINATOR_TIMEOUT_MS = 5 * SECOND_MS;

/** A connection's time limits may be late by so much: nobody notices, and timers cost less. */
export const RELAY_TIMER_STEP_MS = 100;

/** Pause after a failed accept (EMFILE): a spinning loop would keep the process from recovering. */
export const ACCEPT_PAUSE_MS = 100;

/** Bytes that the splice engine copies in one piece: a TLS record of full size. A read that fills it is
 * the start of more, which then moves through a pipe inside the kernel. */
export const SPLICE_COPY_BYTES = 16 * KIB;

/** Capacity of such a pipe. More saves hardly any calls, and a user without privileges may have 64 MiB
 * in all (pipe-user-pages-soft). */
export const SPLICE_PIPE_BYTES = 1 * MIB;

/** Pipes that a worker keeps for later; one is held only while bytes are in flight. */
export const SPLICE_PIPES_IDLE_MAX = 64;

/** Times that one connection is read from and written to before others have their turn. */
export const SPLICE_TURNS_MAX = 8;

/** Connections that a worker accepts before those that are open have their turn. */
export const SPLICE_ACCEPTS_MAX = 64;

/** Events that a worker takes from the kernel at once. */
export const SPLICE_EVENTS_MAX = 512;

/** Connections of one worker; a port has 65,535 clients per address, a process fewer descriptors. */
export const SPLICE_CONNECTIONS_MAX = 131_072;

/** Descriptors that a worker leaves to the rest of the process: terminators, pools, files. */
export const SPLICE_DESCRIPTORS_LEFT_MAX = 64;

/** Records and the like that wait to be read by the main isolate: about 4,000 connections. */
export const SPLICE_REPORTS_BYTES = 1 * MIB;

/** The main isolate reads them so often at most: it then costs nothing per connection to wake it. */
export const SPLICE_REPORT_PAUSE_MS = 50;

/** A command to a worker is carried out within this, or the worker counts as dead. */
export const SPLICE_COMMAND_TIMEOUT_MS = 5 * SECOND_MS;

/** Pause before a worker that died is replaced another time; the first time there is none. */
export const SPLICE_RESTART_PAUSE_MS = 1 * SECOND_MS;

/** Workers: more than cores help nobody, and each has an isolate of its own. */
export const SPLICE_WORKERS_MAX = 16;

/** Terminators known to workers at one time, two per certificate at most. */
export const SPLICE_TERMINATORS_MAX = 16_384;

/** A terminator's port is asked for again after this: so soon a renewed certificate is in use. */
export const SPLICE_TERMINATOR_LEASE_MS = 10 * SECOND_MS;

/** Connections that may wait to be accepted; the kernel cuts it to net.core.somaxconn. */
export const LISTEN_BACKLOG_MAX = 4_096;

/** Names of servers are resolved again after this; the kernel's resolver does not tell a lifetime. */
export const RESOLVE_PAUSE_MS = 30 * SECOND_MS;

/** Wait for the names of a configuration; what is not resolved by then is tried again later. */
export const RESOLVE_TIMEOUT_MS = 5 * SECOND_MS;

/** Addresses of one server that are tried: a name with more stands for a whole network. */
export const SERVER_ADDRESSES_MAX = 8;

/** Silence on a relayed connection before the kernel asks whether the peer is still there (tcp(7)). */
export const TCP_KEEP_ALIVE_IDLE_MS = 2 * MINUTE_MS;

/** Sent bytes that nobody acknowledges for so long mean that the peer has gone (TCP_USER_TIMEOUT). */
export const TCP_USER_TIMEOUT_MS = 5 * MINUTE_MS;

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

/** Idle connections kept in all: hosts of a wildcard route make servers that nobody has counted. */
export const POOL_IDLE_TOTAL_MAX = 1024;

/** First read buffer of an upstream connection; most heads with a small body fit. It grows with a head. */
export const UPSTREAM_BUFFER_BYTES = 16 * KIB;

/** One read of a streamed response body: more hardly saves calls, and each reader holds so much. */
export const BODY_READ_BYTES = 64 * KIB;

/** A first piece of a request body up to this size is copied and written together with the head. */
export const HEAD_WITH_BODY_MAX_BYTES = 16 * KIB;

/** Below the 60 s or 75 s after which common servers close theirs, so that we are seldom too late. */
export const POOL_IDLE_TIMEOUT_MS = 50 * SECOND_MS;

// ---- command line ----

/**
 * Stop signals that follow the first within this are its echo: with SIGTERM to a whole process group
 * (systemd, `timeout`), `deno task` passes the signal on to a program that has had it already, and a
 * busy host may take a while to deliver both. Whoever is in a hurry presses Ctrl-C once more.
 */
export const SIGNAL_ECHO_MS = 1 * SECOND_MS;

/** One `ip` or `nft` that sets up routing: milliseconds of work, and a wait for somebody's lock. */
export const RECIPE_COMMAND_TIMEOUT_MS = 10 * SECOND_MS;

/** A name that a verb resolves: two servers asked twice, with the resolver's 5 s each, do not fit. */
export const NAME_LOOKUP_TIMEOUT_MS = 15 * SECOND_MS;

// ---- certificates and state ----

/** A file of the state folder; a chain with key has about 10 KiB. */
export const STATE_FILE_MAX_BYTES = 1 * MIB;

/** Segments of a name of the state, as in `certificates/app.example.org.pem`; bounds its folders. */
export const STATE_NAME_MAX_SEGMENTS = 3;

/** A certificate or key file of the user; a chain with key has about 10 KiB. */
export const CERTIFICATE_FILE_MAX_BYTES = 1 * MIB;

/** The internal CA itself: trusting it is work that users do by hand, on each of their devices. */
export const INTERNAL_CA_LIFETIME_MS = 3_650 * DAY_MS;

/** A leaf of the internal CA; it lives in memory only, so a short life costs nothing. */
export const INTERNAL_LEAF_LIFETIME_MS = 90 * DAY_MS;

/** Certificates of our own begin so long ago, for clients whose clock is slow. */
export const CLOCK_SKEW_MS = 1 * HOUR_MS;

/** Another try to make a leaf of the internal CA again, after one that failed. */
export const INTERNAL_LEAF_RETRY_MS = 10 * MINUTE_MS;

// ---- ACME ----

/** One request to the CA, body included; a healthy CA answers within a few seconds. */
export const ACME_REQUEST_TIMEOUT_MS = 30 * SECOND_MS;

/** An answer of the CA; a directory has 1 KiB, a chain with alternates less than 20 KiB. */
export const ACME_BODY_MAX_BYTES = 256 * KIB;

/** One issuance from order to certificate: validation from several places can take a minute. */
export const ACME_ISSUANCE_TIMEOUT_MS = 5 * MINUTE_MS;

/** A CA that rejects half of all nonces (Pebble can) fails a post with this many once in a million. */
export const ACME_BAD_NONCES_MAX = 20;

/** More tries of one request whose connection was lost or whose answer was 5xx. */
export const ACME_RETRIES_MAX = 3;

/** Pause before the first of them; doubled each time. */
export const ACME_RETRY_PAUSE_MS = 500;

/** A Retry-After beyond this ends the issuance; the next attempt then waits as long as asked. */
export const ACME_RETRY_AFTER_PATIENCE_MS = 30 * SECOND_MS;

/** Pauses between looks at an authorization or order: from the first, half as long again each time. */
export const ACME_POLL_PAUSE_MIN_MS = 250;
/** A CA that takes this long per look takes minutes; more often would only burn its rate limits. */
export const ACME_POLL_PAUSE_MAX_MS = 5 * SECOND_MS;

/** Nonces kept for later posts; the CA forgets old ones anyway. */
export const ACME_NONCES_MAX = 16;

/** The directory is read again after this, in a process that runs for years. */
export const ACME_DIRECTORY_LIFETIME_MS = 1 * HOUR_MS;

/** Orders at one time: starting with 100 hostnames must not look like an attack to the CA. */
export const ACME_ORDERS_MAX = 2;

/**
 * Pauses after the first, second, … failed attempt in a row; the last one repeats. Let's Encrypt
 * allows 5 failed authorizations per hostname and hour: these make 5 in the first, then fewer.
 */
export const ACME_BACKOFF_MS: readonly number[] = [
  1 * MINUTE_MS,
  5 * MINUTE_MS,
  15 * MINUTE_MS,
  30 * MINUTE_MS,
  1 * HOUR_MS,
  2 * HOUR_MS,
  4 * HOUR_MS,
  6 * HOUR_MS,
];

/** Added to each pause, as a share of it and at random, so that hostnames do not march in step. */
export const ACME_BACKOFF_JITTER = 0.2;

/** A Retry-After is followed up to this; one more refusal a day harms nobody. */
export const ACME_RETRY_AFTER_MAX_MS = 1 * DAY_MS;

/** Who waits for a date looks at the clock at least so often: it may be set, or the host may sleep. */
export const CLOCK_LOOK_MAX_MS = 10 * MINUTE_MS;

/** And at most so often for one hostname, whatever the dates in certificates and answers say. */
export const RENEWER_STEP_PAUSE_MIN_MS = 1 * SECOND_MS;

/** Share of a certificate's life after which it is renewed where the CA does not suggest a time. */
export const RENEWAL_LIFETIME_SHARE = 2 / 3;

/** Certificates are renewed earlier by up to this share of their life, so that they spread out. */
export const RENEWAL_JITTER_SHARE = 1 / 30;

/** Share of its life after which it is renewed at the latest, whatever the CA suggests. */
export const RENEWAL_LATEST_SHARE = 0.9;

/**
 * No renewal sooner than this after an issuance: a host whose clock is months ahead, or a CA that
 * suggests the past each time, would otherwise order without end.
 */
export const RENEWAL_QUIET_MAX_MS = 1 * DAY_MS;

/** The same as a share of a certificate's life, if that is less: some live for hours only. */
export const RENEWAL_QUIET_SHARE = 0.1;

/** Between two looks at the CA's suggestion, if it does not say (RFC 9773 §4.3.2). */
export const RENEWAL_INFO_PAUSE_MS = 6 * HOUR_MS;

/** Bounds of what it may say (RFC 9773 §4.3.2: one minute, one day). */
export const RENEWAL_INFO_PAUSE_MIN_MS = 1 * MINUTE_MS;
/** A mass revocation is then heard of within a day, whatever the CA's last answer said. */
export const RENEWAL_INFO_PAUSE_MAX_MS = 1 * DAY_MS;

/** First pause before a certificate that could not be saved is saved again; doubled each time. */
export const SAVE_RETRY_MS = 1 * MINUTE_MS;

/** And up to this: a disk that is full for days should not fill the log as well. */
export const SAVE_RETRY_MAX_MS = 1 * HOUR_MS;

/** A routes.yaml; 10,000 routes have about 1 MiB. */
export const CONFIG_MAX_BYTES = 16 * MIB;

/** A replaced terminator's last connections may stay so long before they are told to go elsewhere. */
export const TERMINATOR_RETIREMENT_MS = 60 * MINUTE_MS;

/** Values that aliases may add to a routes.yaml: generous for people, the end of an "alias bomb". */
export const CONFIG_ALIAS_VALUES_MAX = 100_000;

/** Lists and mappings inside each other; the deepest key there is stands at 6. */
export const CONFIG_DEPTH_MAX = 32;

/** Problems of one routes.yaml that are shown; more help nobody. */
export const CONFIG_PROBLEMS_MAX = 1_000;

/** Lexical tokens of a routes.yaml: 10,000 full routes have 700,000, and the parser takes memory for
 * each: without this limit a file of brackets ends the process, at a reload the one that runs. */
export const CONFIG_TOKENS_MAX = 1_000_000;

/** Addresses in one list of `listen`: each is a socket, and each is compared with all others. */
export const LISTEN_ADDRESSES_MAX = 64;
