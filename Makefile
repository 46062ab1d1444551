# Measures callsift against sqlite3 and tshark; what it needs and prints is in
# testdata/bench/main.go. Other checks: .ci/run.

.PHONY: bench bench-small bench-go pgo

# 10 M rows and four captures included: 15 GB of disk, a quarter of an hour.
bench:
	go run ./testdata/bench -big

bench-small:
	go run ./testdata/bench

# The Go benchmarks of readers, assembly and store.
bench-go:
	go test -run '^$$' -bench . -benchmem ./ingest/... ./store/...

# Makes the profile anew that the compiler uses for the program (go.dev/doc/pgo): of the
# imports that the benchmarks time. It wants ../shared/corpus and takes some minutes.
pgo:
	rm -rf /tmp/callsift-pgo && mkdir /tmp/callsift-pgo
	go test -trimpath -run '^$$' -bench 'ImportLab$$' -benchtime 14x -cpuprofile /tmp/callsift-pgo/lab.pprof -o /tmp/callsift-pgo/test ./ingest
	go test -trimpath -run '^$$' -bench 'ImportSIPp$$' -benchtime 4x -cpuprofile /tmp/callsift-pgo/sipp.pprof -o /tmp/callsift-pgo/test ./ingest
	go test -trimpath -run '^$$' -bench 'ImportCSV$$' -benchtime 8s -cpuprofile /tmp/callsift-pgo/csv.pprof -o /tmp/callsift-pgo/test ./ingest
	go tool pprof -proto /tmp/callsift-pgo/*.pprof > cmd/callsift/default.pgo
	rm -r /tmp/callsift-pgo
