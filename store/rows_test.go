package store

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// TestPackedRows: what SQLite packs is what was stored, however the rows are read.
func TestPackedRows(t *testing.T) {
	db, err := Open(filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	numbers := []int64{0, 1, -1, 63, 64, -64, 1<<59 - 1, 1 << 60, -1 << 60, -1<<60 - 1, math.MaxInt64, math.MinInt64}
	texts := []string{"", "a", "grüße", "nul\x00inside", strings.Repeat("long ", 2000)}
	tx, err := db.sql.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec(`CREATE TABLE x (i INTEGER, n INTEGER, s TEXT)`); err != nil {
		t.Fatal(err)
	}
	const rows = 5000
	for i := range rows {
		if _, err := tx.Exec(`INSERT INTO x VALUES (?, ?, ?)`, i, numbers[i%len(numbers)], texts[i%len(texts)]); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	err = eachNumbers(context.Background(), tx, "i, n", "x", nil, 2, func(v []int64, _ int) {
		if want := numbers[n%len(numbers)]; v[0] != int64(n) || v[1] != want {
			t.Fatalf("row %d: %d, want %d %d", n, v, n, want)
		}
		n++
	})
	if err != nil || n != rows {
		t.Fatalf("%d rows of numbers, want %d: %v", n, rows, err)
	}
	n = 0
	err = packedRows(context.Background(), tx, "s", "x WHERE i >= ?", []any{100}, func(data []byte) error {
		for len(data) > 0 {
			v, k := packedValue(data)
			if want := texts[n%len(texts)]; k == 0 || v != want {
				return fmt.Errorf("row %d: %.40q, want %.40q", n, v, want)
			}
			data = data[k:]
			n++
		}
		return nil
	})
	if err != nil || n != rows-100 {
		t.Fatalf("%d rows of texts, want %d: %v", n, rows-100, err)
	}
	if err := eachNumbers(context.Background(), tx, "n", "x WHERE i < 0", nil, 1, func([]int64, int) { t.Fatal("a row of none") }); err != nil {
		t.Fatal(err)
	}
	if err := eachNumbers(context.Background(), tx, "n, s", "x", nil, 2, func([]int64, int) {}); err == nil {
		t.Fatal("texts read as numbers, want an error")
	}
}

// BenchmarkCells: the cells of a roll-up as a report reads them.
func BenchmarkCells(b *testing.B) {
	db, err := Open(filepath.Join(b.TempDir(), "x.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	const rows = 75_000
	_, err = db.sql.Exec(`WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < ?)
		INSERT INTO rollup (quarter, profile, n, talked, talk_ms, short) SELECT 1970000 + i / 110, i % 110, 33, 20, 4000000, 1 FROM c`, rows-1)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		cells, err := db.Cells(context.Background(), 0, 0, Quarter)
		if err != nil || len(cells) != rows {
			b.Fatalf("%d cells, want %d: %v", len(cells), rows, err)
		}
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "cells/s")
}

// TestIDsAfterDelete: SQLite numbers the rows itself until one is taken out; the
// ids that Add told stay those of the rows.
func TestIDsAfterDelete(t *testing.T) {
	ctx := context.Background()
	db, err := Open(filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	im, err := db.Begin(ctx, Source{Path: "x", State: Imported})
	if err != nil {
		t.Fatal(err)
	}
	want := map[int64]string{}
	row := Attempt{Start: 1_790_000_000_000_000, PDD: -1, Alert: -1, Media: -1, Setup: -1, Talk: -1, Bye: -1, Legs: 1, Source: 1,
		Profile: Profile{Scope: ScopeBoth, Method: "INVITE", Outcome: "failed", Code: 503}}
	for i := range 10 {
		row.NativeID = fmt.Sprint(i)
		row.ID = im.Add(&row)
		want[row.ID] = row.NativeID
		if i == 4 || i == 7 {
			delete(want, row.ID)
			im.DropRecord(&row)
		}
	}
	im.Settle(func([]*Profile, map[int64]int64) {})
	if err := im.Commit(); err != nil {
		t.Fatal(err)
	}
	n := 0
	err = db.Attempts(ctx, Filter{}, func(a *Attempt) error {
		n++
		if want[a.ID] != a.NativeID {
			t.Errorf("row %d is %s, want %q", a.ID, a.NativeID, want[a.ID])
		}
		return nil
	})
	if err != nil || n != len(want) {
		t.Errorf("%d rows, want %d: %v", n, len(want), err)
	}
}
