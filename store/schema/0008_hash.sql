-- Of sources up to this id the hashes of messages are of another kind: none of them equals one of a later source.
INSERT INTO setting (name, value) SELECT 'hashed_otherwise', max(id) FROM source WHERE messages > 0 HAVING max(id) > 0;
