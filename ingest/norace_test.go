//go:build !race

package ingest

const raceSlows = 1
