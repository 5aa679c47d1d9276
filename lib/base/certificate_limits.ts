/**
 * The limits of what is done for certificates: state, files and ACME. Every number with its unit and
 * its reason; see `limits.ts` for all others.
 *
 * @module
 */
const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

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
