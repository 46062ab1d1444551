CREATE TABLE caller_count (      -- what breakdowns by caller sum up, packed: see store/caller_pack.go
  part  INTEGER NOT NULL,        -- callers are spread over the parts, each is in one
  first INTEGER NOT NULL,        -- earliest quarter hour in it, as rollup.quarter
  last  INTEGER NOT NULL,        -- latest
  fewer INTEGER NOT NULL,        -- entries in it that take back others
  data  BLOB    NOT NULL
);
CREATE INDEX caller_count_part ON caller_count (part, first, last, fewer);
