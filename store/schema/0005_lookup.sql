-- A folder or archive of a hundred thousand files looks each up by its path and size.
CREATE INDEX source_path ON source (path);
CREATE INDEX source_size ON source (size);
