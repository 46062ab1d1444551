CREATE TABLE profile_total (     -- sums of rollup over all time: what the whole database holds, without reading a year's roll-up
  profile INTEGER PRIMARY KEY,   -- profile.id
  n       INTEGER NOT NULL       -- attempts, calls and requests with it
);
INSERT INTO profile_total SELECT profile, sum(n) FROM rollup GROUP BY profile;
