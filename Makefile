# Measures callsift against sqlite3 and tshark; what it needs and prints is in
# testdata/bench/main.go. Other checks: .ci/run.

.PHONY: bench bench-big bench-go

bench:
	go run ./testdata/bench

# 10 M rows and four captures as well: 15 GB of disk, a quarter of an hour.
bench-big:
	go run ./testdata/bench -big

# The Go benchmarks of readers, assembly and store.
bench-go:
	go test -run '^$$' -bench . -benchmem ./ingest/... ./store/...
