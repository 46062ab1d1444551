package store

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"callsift/store/codes"
)

// BenchmarkAdd: rows of CDRs to a committed import.
func BenchmarkAdd(b *testing.B) {
	const rows = 50_000
	dir := b.TempDir()
	for i := 0; b.Loop(); i++ {
		db, err := Open(filepath.Join(dir, fmt.Sprintf("%d.db", i)))
		if err != nil {
			b.Fatal(err)
		}
		im, err := db.Begin(context.Background(), Source{Path: "Master.csv", Format: "asterisk-csv", State: Imported})
		if err != nil {
			b.Fatal(err)
		}
		for k := range rows {
			im.Add(&Attempt{
				Start: 1_790_000_000_000_000 + int64(k)*11_000_000, Caller: "201", Callee: "44201000", NativeID: "1790000000.12",
				PDD: -1, Alert: -1, Media: -1, Setup: 8000, Talk: int64(k%600) * 1000, Bye: -1, Legs: 1, Source: 1, Offset: int64(k) * 258, Length: 258, Line: int64(k),
				Profile: Profile{Scope: ScopeBoth, Method: "INVITE", Outcome: codes.Answered, Code: codes.Unknown, Reason: "ANSWERED", TrunkHint: [...]string{"carrier-a", "carrier-b", "carrier-c"}[k%3], PrefixHint: "44"},
			})
		}
		if err := im.Commit(); err != nil {
			b.Fatal(err)
		}
		db.Close()
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
