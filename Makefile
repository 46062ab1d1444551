# Measures callsift against sqlite3 and tshark; what it needs and prints is in
# testdata/bench/main.go. Other checks: .ci/run.

.PHONY: bench bench-small bench-go

# 10 M rows and four captures included: 15 GB of disk, a quarter of an hour.
bench:
	go run ./testdata/bench -big

bench-small:
	go run ./testdata/bench

# The Go benchmarks of readers, assembly and store.
bench-go:
	go test -run '^$$' -bench . -benchmem ./ingest/... ./store/...
