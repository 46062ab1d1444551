-- A table of its own and no index of bundle: an import stores its rows in their order, many at a time.
DROP INDEX bundle_key;
CREATE TABLE bundle_key (        -- finds a bundle by its kind and key
  hash   INTEGER NOT NULL,       -- FNV-1a of both
  bundle INTEGER NOT NULL,       -- bundle.id
  PRIMARY KEY (hash, bundle)
) WITHOUT ROWID;
INSERT INTO bundle_key SELECT key_hash, id FROM bundle ORDER BY key_hash, id;
ALTER TABLE bundle DROP COLUMN key_hash;
