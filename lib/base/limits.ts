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

/** Terminators known to workers at one time: one per host that is asked for. */
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

// ---- health of servers ----

/** `health_check.interval`: with `fall: 3`, half a minute until a server that hangs is found out. */
export const HEALTH_INTERVAL_MS = 10 * SECOND_MS;

/** Shorter ones would be a load of their own on small servers. */
export const HEALTH_INTERVAL_MIN_MS = 100;

/** `health_check.timeout`: a server that takes so long for a small page is of no use to clients. */
export const HEALTH_TIMEOUT_MS = 5 * SECOND_MS;

/** Each pause is longer or shorter by up to this share: checks must not march in step. */
export const HEALTH_JITTER = 0.1;

/** Checks at one time: all those of a start at once could take the descriptors that clients need. */
export const HEALTH_CHECKS_AT_ONCE_MAX = 64;

/** Numbers about servers that workers share: two per server. */
export const SERVER_CELLS_MAX = 131_072;

// ---- the hop ----

/** A closed hop's address is kept so long: a request may be handled after its connection has gone. */
export const HOP_REUSE_DELAY_MS = 5 * SECOND_MS;

/** Hops known at one time: all 28,000 ephemeral ports of one loopback address, and their successors. */
export const HOP_CAPACITY = 65_536;

/** Dials of one hop, if the port the kernel chose is still held by a closed hop's entry. */
export const HOP_DIALS_MAX = 8;

// ---- HTTP ----

/** What a loop moves between two turns of the event loop: a millisecond's work. With 64 KiB, turns cost
 * 0.3 s per GiB of a download. */
export const TURN_BYTES = 512 * KIB;

/** And in how many steps: as many small requests take a millisecond or two. */
export const TURN_STEPS_MAX = 32;

/** What a chunk costs beside its bytes, counted as bytes: a microsecond or two. */
export const CHUNK_WORK_BYTES = 1 * KIB;

/** `timeouts.header`: from the first byte of a connection to the end of its first request head. */
export const HEADER_TIMEOUT_MS = 10 * SECOND_MS;

/** `timeouts.keep_alive`: browsers give up idle connections after one to five minutes themselves. */
export const KEEP_ALIVE_TIMEOUT_MS = 75 * SECOND_MS;

/** `timeouts.response`: silence of an upstream that has a whole request, before 504. */
export const RESPONSE_TIMEOUT_MS = 60 * SECOND_MS;

/** Bytes of an upstream's status line and headers together. */
export const HEAD_MAX_BYTES = 64 * KIB;

/** Bytes of a request target, as in most servers: longer ones are data in the wrong place, or attacks. */
export const TARGET_MAX_BYTES = 8 * KIB;

/** First read buffer of a client's connection: an idle one holds it. It grows with a head. */
export const CLIENT_BUFFER_BYTES = 4 * KIB;

/**
 * Bytes that are read of a client while its request is answered, for its leaving shows only behind
 * them: as much as a head may have. Of one that pipelines more, it is noticed when the answer is there.
 */
export const CLIENT_WATCH_MAX_BYTES = 64 * KIB;

/** A hop without a request, where the relay's own limits (by route, and shorter) do not end it. */
export const HOP_WAIT_TIMEOUT_MS = 1 * HOUR_MS;

/** Silence of a client within its request's body; nginx allows as much. */
export const CLIENT_BODY_TIMEOUT_MS = 1 * MINUTE_MS;

/**
 * A client that takes no bytes of an answer. A full socket buffer (4 MiB at most) takes more only when
 * a third of it is free: at 5 KiB/s that lasts 270 s, and even then the client counts as alive.
 */
export const CLIENT_WRITE_TIMEOUT_MS = 5 * MINUTE_MS;

/** A rest of a request body up to this is read and dropped to keep the connection: cheaper than TLS. */
export const REQUEST_DRAIN_MAX_BYTES = 64 * KIB;

/** An answered client is read from for so long before its connection is closed: closing with unread
 * bytes makes the kernel send a reset, and a reset can overtake the answer. */
export const REQUEST_LINGER_MS = 5 * SECOND_MS;

/** And so much: what 1 Gbit/s has on its way while the answer travels 100 ms, and some more. */
export const REQUEST_LINGER_MAX_BYTES = 16 * MIB;

/** What a buffer for answers holds beside one read of the body: most heads, and the chunk's lines. */
export const ANSWER_HEAD_ROOM_BYTES = 8 * KIB;

/** Buffers for answers that wait to be used again; the rest is given back. */
export const ANSWER_BUFFERS_IDLE_MAX = 64;

/** Silence on a connection that has switched protocols: WebSockets have pings of their own, more often. */
export const UPGRADED_IDLE_TIMEOUT_MS = 1 * HOUR_MS;

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

/**
 * A server that was told `Expect: 100-continue` and stays silent gets the body after this: those that
 * do not know the field would wait for ever (RFC 9110 §10.1.1), and curl waits as long.
 */
export const CONTINUE_WAIT_MS = 1 * SECOND_MS;

/** Kept with each upstream connection for the heads it sends, and small bodies behind them. */
export const UPSTREAM_SEND_BUFFER_BYTES = 4 * KIB;

/** First read buffer of an upstream connection; most heads with a small body fit. It grows with a head. */
export const UPSTREAM_BUFFER_BYTES = 16 * KIB;

/** One read of a streamed response body: more hardly saves calls, and each reader holds so much. */
export const BODY_READ_BYTES = 64 * KIB;

/** A first piece of a request body up to this size is read behind the head and written with it. */
export const HEAD_WITH_BODY_MAX_BYTES = 16 * KIB;

/** What is read of a TLS server at once: two records. */
export const UPSTREAM_TLS_READ_BYTES = 32 * KIB;

/** Below the 60 s or 75 s after which common servers close theirs, so that we are seldom too late. */
export const POOL_IDLE_TIMEOUT_MS = 50 * SECOND_MS;

// ---- policies ----

/** An answer that stands in `routes.yaml`; the schema names 64 KiB, a longer one is a file's work. */
export const PATH_ANSWER_MAX_CHARACTERS = 64 * KIB;

/** Ways in which one path is read, escapes in escapes and all; one with more is refused. */
export const PATH_READINGS_MAX = 64;

/**
 * All readings of one path together: 16 of a long one, and at most two milliseconds of work, or six where
 * entries have letters outside ASCII.
 */
export const PATH_READINGS_MAX_CHARACTERS = 32 * KIB;

/** Combining marks in a row: no language has more (Unicode Standard Annex 15, §13). */
export const PATH_MARKS_MAX = 30;

/** Passwords that are checked at one time: each takes 16 MiB and a thread, and a Pi has four cores. */
export const PASSWORD_CHECKS_MAX = 2;

/** Passwords that wait for that: with 0.2 s each, nobody waits longer than a few seconds. */
export const PASSWORD_CHECKS_WAITING_MAX = 32;

/** Those of one client: a flood of wrong passwords from one address keeps nobody else waiting long. */
export const PASSWORD_CHECKS_PER_CLIENT_MAX = 4;

/** Credentials found right that are remembered per route; a household or an office has fewer. */
export const CREDENTIALS_REMEMBERED_MAX = 1_024;

/** And for so long, for a browser sends them with each request. */
export const CREDENTIALS_REMEMBERED_MS = 10 * MINUTE_MS;

/** A `users_file`; 10,000 users have about 1 MiB. */
export const USERS_FILE_MAX_BYTES = 4 * MIB;

/** Lines of a users_file that are told to be wrong: in a file of another kind each one is. */
export const USERS_FILE_PROBLEMS_MAX = 20;

/** `forward_auth.timeout`: a login service that is slower makes every page of its hosts as slow. */
export const FORWARD_AUTH_TIMEOUT_MS = 10 * SECOND_MS;

/** What an auth server says beside "yes" is read up to this, so that its connection can be kept. */
export const FORWARD_AUTH_DRAIN_MAX_BYTES = 64 * KIB;

/** Addresses per rate limit that are remembered: about 10 MiB at most. Each is forgotten as soon as
 * its bucket is full again. */
export const RATE_LIMIT_CLIENTS_MAX = 65_536;

/** `compress.min_size`: what fits one packet gets there no sooner by being smaller. */
export const COMPRESS_MIN_BYTES = 1 * KIB;

/** Answers that are being compressed at one time: brotli takes about 1 MiB each. More go as they are. */
export const COMPRESSIONS_MAX = 128;

/** One piece that is compressed: 1 or 2 ms of work, after which others have their turn. */
export const COMPRESS_PIECE_BYTES = 32 * KIB;

/** An upstream that pauses for so long within an answer wants the client to see what it has sent. */
export const COMPRESS_FLUSH_PAUSE_MS = 20;

/** `maintenance.retry_after`: a restart or an update of a small service takes less. */
export const MAINTENANCE_RETRY_AFTER_MS = 5 * MINUTE_MS;

/** A page that is sent instead of an answer: each is held in memory for as long as it is configured. */
export const PAGE_FILE_MAX_BYTES = 1 * MIB;

/** Addresses of proxies in front that are looked through for the client's; chains have three or four. */
export const FORWARDED_HOPS_MAX = 32;

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

// ---- configuration and start ----

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

/** From `ready` until memory of the start is given back: workers have compiled by then what they run. */
export const START_MEMORY_DELAY_MS = 500;
