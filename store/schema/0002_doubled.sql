CREATE TABLE doubled (           -- CDRs that another source had brought already: one of them counts if that source is removed
  start  INTEGER NOT NULL,       -- as attempt.start of the record that counts
  key    INTEGER NOT NULL,       -- hash of what makes two records the same
  source INTEGER NOT NULL,       -- source.id that brought it again, and where it stands there
  offset INTEGER NOT NULL,
  length INTEGER NOT NULL,
  line   INTEGER NOT NULL
);
CREATE INDEX doubled_start ON doubled (start, key);
