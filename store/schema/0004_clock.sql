CREATE TABLE clock_pair (        -- how far two sources' clocks are apart, from messages that both hold
  a     INTEGER NOT NULL,        -- source.id, the smaller one
  b     INTEGER NOT NULL,
  ahead INTEGER NOT NULL,        -- microseconds that b's clock is ahead of a's
  n     INTEGER NOT NULL,        -- messages compared
  PRIMARY KEY (a, b)
);
CREATE TABLE clock (             -- sources whose clock is found to differ from those of others
  source  INTEGER PRIMARY KEY,   -- source.id
  ahead   INTEGER NOT NULL,      -- microseconds that its clock is ahead of theirs
  against INTEGER NOT NULL,      -- source.id of the one that it was measured by; 0: the calls of all that hold SIP
  n       INTEGER NOT NULL,      -- messages or records compared
  how     TEXT    NOT NULL,      -- messages, records
  applied INTEGER NOT NULL       -- microseconds taken off its times for finding what belongs together; 0: none
);
CREATE TABLE gap (               -- where the times of a source go back, or where there are none for long
  source    INTEGER NOT NULL,    -- source.id
  line      INTEGER NOT NULL,    -- of the first record behind it (packet number in captures)
  back      INTEGER NOT NULL,    -- 1: the times go back
  from_time INTEGER NOT NULL,    -- of the record before, microseconds UTC
  to_time   INTEGER NOT NULL     -- of the record behind
);
