-- Times are microseconds since 1970-01-01 UTC, 0 where the source has none.
-- Durations are milliseconds, -1 where unknown. Nothing is NULL.

CREATE TABLE source (            -- the import ledger: one row a file that was looked at
  id         INTEGER PRIMARY KEY,
  path       TEXT    NOT NULL,   -- as the user gave it
  sha256     TEXT    NOT NULL,   -- of the bytes as found, hex; '' if unreadable
  size       INTEGER NOT NULL,   -- bytes as found
  format     TEXT    NOT NULL,   -- name of the format, '' if none was recognised
  state      TEXT    NOT NULL,   -- imported, partial, unknown, empty, duplicate, unreadable, joined
  messages   INTEGER NOT NULL,   -- SIP messages read
  cdrs       INTEGER NOT NULL,   -- call detail records read
  events     INTEGER NOT NULL,   -- device events read
  rejected   INTEGER NOT NULL,   -- records that could not be used, see reject
  doubled    INTEGER NOT NULL,   -- CDRs that another source had brought already
  first_time INTEGER NOT NULL,   -- time of the earliest record
  last_time  INTEGER NOT NULL,   -- time of the latest record
  tz         TEXT    NOT NULL,   -- zone in which times without one were read
  tz_from    TEXT    NOT NULL,   -- how the zone was known: flag, uniqueid, default ...
  note       TEXT    NOT NULL    -- what there is to say about the source
);
CREATE UNIQUE INDEX source_bytes ON source (sha256, path);

CREATE TABLE reject (            -- input that could not be used
  source  INTEGER NOT NULL,      -- source.id
  line    INTEGER NOT NULL,      -- line, or packet number in a capture
  offset  INTEGER NOT NULL,      -- byte offset in the decompressed source
  reason  TEXT    NOT NULL,      -- what was found and what was wanted
  sample  TEXT    NOT NULL,      -- the beginning of it
  records INTEGER NOT NULL       -- 1; more in the row that sums up what was too much to list
);
CREATE INDEX reject_source ON reject (source);

CREATE TABLE warning (           -- remarks about a source that spoiled no record
  source INTEGER NOT NULL,
  line   INTEGER NOT NULL,
  text   TEXT    NOT NULL
);

CREATE TABLE message_count (     -- SIP messages as seen, rejected ones too, before anything is folded
  source INTEGER NOT NULL,
  method TEXT    NOT NULL,       -- of the request; '' for a response
  status INTEGER NOT NULL,       -- of the response; 0 for a request
  n      INTEGER NOT NULL,
  PRIMARY KEY (source, method, status)
) WITHOUT ROWID;

CREATE TABLE piece (             -- first and last bytes of a text source, where a rotation may have cut a record
  source      INTEGER PRIMARY KEY,
  head        BLOB    NOT NULL,  -- from the first byte to behind the first record
  tail        BLOB    NOT NULL,  -- from before the last record to the end
  tail_offset INTEGER NOT NULL,
  tail_line   INTEGER NOT NULL
);

CREATE TABLE seam (              -- two sources of which one goes on in the other, in the middle of a record
  tail      INTEGER NOT NULL,    -- source.id; its records from tail_from on count as duplicates
  head      INTEGER NOT NULL,    -- source.id; its records before head_to count as duplicates
  joined    INTEGER NOT NULL,    -- source.id of what both are together there
  tail_from INTEGER NOT NULL,
  head_to   INTEGER NOT NULL
);

CREATE TABLE bundle (            -- records that belong together by their own id
  id       INTEGER PRIMARY KEY,
  kind     TEXT    NOT NULL,     -- sip: the messages of one Call-ID; cdr: records with one link
  key      TEXT    NOT NULL,     -- the Call-ID or link
  key_hash INTEGER NOT NULL,     -- FNV-1a of kind and key: what is looked up
  settled  INTEGER NOT NULL,     -- 0: a longer capture alone could change the result
  steps    BLOB    NOT NULL      -- counts of the assembly, for the ledger
);
CREATE INDEX bundle_key ON bundle (key_hash);
CREATE INDEX bundle_unsettled ON bundle (settled) WHERE settled = 0;

CREATE TABLE evidence (          -- the records of a bundle, packed, one row a bundle and source (or part of it)
  bundle INTEGER NOT NULL,
  source INTEGER NOT NULL,
  data   BLOB    NOT NULL
);
CREATE INDEX evidence_bundle ON evidence (bundle);

CREATE TABLE link (              -- values by which a B2BUA's legs can be joined (Session-ID, icid ...), where a message carries one
  bundle INTEGER NOT NULL,
  kind   TEXT    NOT NULL,       -- session-id, icid, x-call-id ...
  value  TEXT    NOT NULL
);
CREATE INDEX link_bundle ON link (bundle);

CREATE TABLE joint (             -- bundles and records that were joined into one call, and how that is known
  root       INTEGER NOT NULL,   -- bundle whose row is the call
  bundle     INTEGER NOT NULL,   -- bundle that was joined to it; 0: a record that stands alone
  attempt    INTEGER NOT NULL,   -- attempt.id of such a record; 0 otherwise
  parent     INTEGER NOT NULL,   -- bundle whose INVITE made this one's
  rule       TEXT    NOT NULL,   -- session-id, icid, x-call-id, call-id, numbers, record
  confidence REAL    NOT NULL    -- 0 to 1
);
CREATE INDEX joint_root ON joint (root);
CREATE INDEX joint_bundle ON joint (bundle) WHERE bundle <> 0;

CREATE TABLE profile (           -- one combination of the keys that calls are counted by
  id         INTEGER PRIMARY KEY,
  scope      INTEGER NOT NULL,   -- 1 attempt only, 2 call only, 3 a call that is one attempt; 0 a record's row that was joined into another call
  method     TEXT    NOT NULL,   -- INVITE, REGISTER, OPTIONS ...
  outcome    TEXT    NOT NULL,   -- answered, user, abandoned, failed, redirected, in_progress, completed_elsewhere, not_connected
  code       INTEGER NOT NULL,   -- final status as the caller saw it; 0 no response, -1 the record carries none
  origin     TEXT    NOT NULL,   -- of code: observed, mapped, inferred, none
  reason     TEXT    NOT NULL,   -- reason phrase or disposition word as recorded
  cause_code INTEGER NOT NULL,   -- status nearest the failure, 0 if none
  cause_q850 INTEGER NOT NULL,   -- Q.850 cause, -1 if none
  cause_text TEXT    NOT NULL,   -- Warning, Reason text or phrase nearest the failure
  cause_from TEXT    NOT NULL,   -- origin of the three above
  released   TEXT    NOT NULL,   -- who ended it: caller, callee, network
  rang       INTEGER NOT NULL,   -- 1: 180, 181 or 182 was seen
  flags      INTEGER NOT NULL,   -- bit set, names by `callsift breakdown --help`
  from_addr  TEXT    NOT NULL,   -- address the attempt came from
  to_addr    TEXT    NOT NULL,   -- address it was sent to
  trunk_hint TEXT    NOT NULL,   -- the trunk as the record names it
  dir_hint   TEXT    NOT NULL,   -- the direction as the record tells it
  prefix_hint TEXT   NOT NULL,   -- digits, or kind, that the called number begins with
  user_agent TEXT    NOT NULL,   -- of the side that sent the request
  device_hint TEXT   NOT NULL,   -- the box that wrote the record, as the record names it
  format     TEXT    NOT NULL,   -- of the source
  -- settled after each import from all that the database holds, and from the names of the configuration:
  class      TEXT    NOT NULL,   -- 1xx to 6xx, none, unknown
  cause      TEXT    NOT NULL,   -- the most telling of Q.850, Warning and phrase
  trunk      TEXT    NOT NULL,   -- the outside party
  peer       TEXT    NOT NULL,   -- the remote address
  direction  TEXT    NOT NULL,   -- in, out, internal, or ''
  site       TEXT    NOT NULL,   -- by the configuration, else ''
  device     TEXT    NOT NULL,   -- device_hint, or its name in the configuration
  prefix     TEXT    NOT NULL,   -- prefix_hint, or its name in the configuration
  scanner    INTEGER NOT NULL    -- 1: the peer only probes
);

CREATE TABLE attempt (           -- attempts, calls and requests of other methods; profile.scope says what a row counts as
  id        INTEGER PRIMARY KEY,
  call      INTEGER NOT NULL,    -- attempt.id of the call's row; 0: the row is the call itself
  bundle    INTEGER NOT NULL,    -- bundle.id; 0: the record at source and offset is all there is
  profile   INTEGER NOT NULL,    -- profile.id
  start     INTEGER NOT NULL,    -- t1: first INVITE, or the record's start
  caller    TEXT    NOT NULL,
  callee    TEXT    NOT NULL,
  native_id TEXT    NOT NULL,    -- uniqueid, OM id; '' where bundle.key is the id
  pdd_ms    INTEGER NOT NULL,    -- t1 to the first response that tells the caller something
  setup_ms  INTEGER NOT NULL,    -- t1 to the final response
  talk_ms   INTEGER NOT NULL,    -- answer to release
  delays    BLOB    NOT NULL,    -- first 180, first 18x with SDP, BYE to its 2xx: kept so that the row can be taken out of table delay again
  legs      INTEGER NOT NULL,    -- attempts of the call
  source    INTEGER NOT NULL,    -- source.id of the first record
  offset    INTEGER NOT NULL,
  length    INTEGER NOT NULL,
  line      INTEGER NOT NULL
);
CREATE INDEX attempt_start ON attempt (start);
CREATE INDEX attempt_bundle ON attempt (bundle) WHERE bundle <> 0;

CREATE TABLE rollup (            -- attempts counted by quarter hour UTC and profile: every breakdown is a sum of these
  quarter INTEGER NOT NULL,      -- start / 900,000,000
  profile INTEGER NOT NULL,
  n       INTEGER NOT NULL,
  talked  INTEGER NOT NULL,      -- of n: answered with a known end
  talk_ms INTEGER NOT NULL,      -- sum over talked
  short   INTEGER NOT NULL,      -- of talked: under 6 s
  PRIMARY KEY (quarter, profile)
) WITHOUT ROWID;

CREATE TABLE delay (             -- distributions of delays; buckets of 3 % width add up over time
  quarter INTEGER NOT NULL,
  profile INTEGER NOT NULL,
  kind    INTEGER NOT NULL,      -- 1 PDD, 2 first 180, 3 first 18x with SDP, 4 failure response, 5 registration, 6 BYE
  bucket  INTEGER NOT NULL,
  n       INTEGER NOT NULL,
  PRIMARY KEY (quarter, profile, kind, bucket)
) WITHOUT ROWID;

CREATE TABLE minute (            -- calls (INVITE) by minute UTC: the busiest moments without reading the calls
  minute   INTEGER PRIMARY KEY,  -- time / 60,000,000
  begun    INTEGER NOT NULL,     -- first INVITEs
  answered INTEGER NOT NULL,     -- conversations begun
  ended    INTEGER NOT NULL      -- conversations ended; of unknown end: 30 minutes after the answer
);

CREATE TABLE event (             -- what devices reported: context for the calls of the same minutes
  time    INTEGER NOT NULL,
  kind    TEXT    NOT NULL,      -- BOOTUP, OFFLINE, FAILED ...
  device  TEXT    NOT NULL,
  subject TEXT    NOT NULL,      -- extension, trunk or call it is about
  code    INTEGER NOT NULL,      -- the event's own error code, 0 if none
  text    TEXT    NOT NULL,
  source  INTEGER NOT NULL,
  offset  INTEGER NOT NULL,
  line    INTEGER NOT NULL
);
CREATE INDEX event_time ON event (time);

CREATE TABLE ledger (            -- sums of bundle.steps
  step TEXT PRIMARY KEY,
  n    INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE setting (           -- what holds for the whole database
  name  TEXT PRIMARY KEY,        -- site: the names of the configuration in force, as JSON
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE sip_code (          -- the vocabulary, for SQL users
  code INTEGER PRIMARY KEY, phrase TEXT NOT NULL, class TEXT NOT NULL, meaning TEXT NOT NULL, first_check TEXT NOT NULL
);
CREATE TABLE q850_cause (
  cause INTEGER PRIMARY KEY, name TEXT NOT NULL, meaning TEXT NOT NULL, first_check TEXT NOT NULL
);

-- One row a call (INVITE) with all its keys and times as text UTC.
CREATE VIEW calls AS
SELECT a.id, strftime('%Y-%m-%d %H:%M:%f', a.start / 1000000.0, 'unixepoch') AS started, a.caller, a.callee,
       p.outcome, p.class, p.code, p.origin, p.reason, p.cause, p.cause_code, p.cause_q850, p.released, p.rang,
       p.trunk, p.peer, p.direction, p.prefix, p.user_agent, p.device, p.site, p.format, p.scanner, p.flags,
       a.pdd_ms, a.setup_ms, a.talk_ms, a.legs,
       CASE WHEN a.native_id = '' THEN coalesce(b.key, '') ELSE a.native_id END AS native_id,
       s.path AS source, a.line, a.offset
FROM attempt a JOIN profile p ON p.id = a.profile JOIN source s ON s.id = a.source LEFT JOIN bundle b ON b.id = a.bundle
WHERE p.method = 'INVITE' AND p.scope >= 2;

-- One row an attempt (leg): what each trunk saw.
CREATE VIEW attempts AS
SELECT a.id, CASE WHEN a.call = 0 THEN a.id ELSE a.call END AS call, strftime('%Y-%m-%d %H:%M:%f', a.start / 1000000.0, 'unixepoch') AS started, a.caller, a.callee,
       p.outcome, p.class, p.code, p.origin, p.reason, p.cause, p.cause_code, p.cause_q850, p.released, p.rang,
       p.from_addr, p.to_addr, p.trunk, p.peer, p.direction, p.prefix, p.user_agent, p.device, p.site, p.format, p.scanner, p.flags,
       a.pdd_ms, a.setup_ms, a.talk_ms,
       CASE WHEN a.native_id = '' THEN coalesce(b.key, '') ELSE a.native_id END AS native_id,
       s.path AS source, a.line, a.offset
FROM attempt a JOIN profile p ON p.id = a.profile JOIN source s ON s.id = a.source LEFT JOIN bundle b ON b.id = a.bundle
WHERE p.method = 'INVITE' AND p.scope IN (1, 3);

-- One row a request of another method (REGISTER, OPTIONS ...), challenge and retry folded.
CREATE VIEW requests AS
SELECT a.id, p.method, strftime('%Y-%m-%d %H:%M:%f', a.start / 1000000.0, 'unixepoch') AS started, a.caller, a.callee,
       p.outcome, p.class, p.code, p.origin, p.reason, p.cause, p.peer, p.user_agent, p.device, p.scanner, p.flags, a.setup_ms,
       CASE WHEN a.native_id = '' THEN coalesce(b.key, '') ELSE a.native_id END AS native_id, s.path AS source, a.line, a.offset
FROM attempt a JOIN profile p ON p.id = a.profile JOIN source s ON s.id = a.source LEFT JOIN bundle b ON b.id = a.bundle
WHERE p.method <> 'INVITE' AND p.scope >= 2;

-- Calls counted by hour UTC, trunk, code and outcome, from the roll-up.
CREATE VIEW hourly AS
SELECT strftime('%Y-%m-%d %H:00', (r.quarter - r.quarter % 4) * 900, 'unixepoch') AS hour, p.trunk, p.class, p.code, p.outcome, sum(r.n) AS calls, sum(r.talk_ms) AS talk_ms
FROM rollup r JOIN profile p ON p.id = r.profile
WHERE p.method = 'INVITE' AND p.scope >= 2
GROUP BY 1, 2, 3, 4, 5;

-- Files as the ledger has them, times as text UTC.
CREATE VIEW sources AS
SELECT id, path, format, state, messages, cdrs, events, rejected, doubled,
       CASE first_time WHEN 0 THEN '' ELSE strftime('%Y-%m-%d %H:%M:%S', first_time / 1000000, 'unixepoch') END AS first,
       CASE last_time WHEN 0 THEN '' ELSE strftime('%Y-%m-%d %H:%M:%S', last_time / 1000000, 'unixepoch') END AS last,
       tz, tz_from, sha256, size, note
FROM source;
