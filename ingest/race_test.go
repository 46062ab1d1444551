//go:build race

package ingest

// raceSlows is how many times as long a test may take: under the race detector, on a machine
// that was busy with other things too, TestHostileChunks took 40 times as long.
const raceSlows = 20
