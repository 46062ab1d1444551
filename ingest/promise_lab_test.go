package ingest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestLabOrders: capture and logs of the same traffic, in any order, twice, and
// under another name, are one database.
func TestLabOrders(t *testing.T) {
	files := append([]string{labFile(t, "lab-small/lab.pcap"), labFile(t, "lab-small/kamailio.log")}, sippLogs(t)...)
	db := imported(t, files...)
	want := logicalDump(t, db)
	checkLedger(t, db)

	t.Run("twice", func(t *testing.T) {
		for _, r := range take(t, db, files...) {
			if r.Already == "" && r.Source.Records() > 0 {
				t.Errorf("%s was read again", r.Path)
			}
		}
		sameDump(t, "twice", want, logicalDump(t, db))
		checkLedger(t, db)
	})
	t.Run("copy", func(t *testing.T) {
		data, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		r := take(t, db, written(t, "copy.pcap", data))[0]
		if r.Already != files[0] || r.Source.State != "duplicate" {
			t.Errorf("copy: already %q, state %q", r.Already, r.Source.State)
		}
		sameDump(t, "copy under another name", want, logicalDump(t, db))
		checkLedger(t, db)
	})
	t.Run("reversed", func(t *testing.T) {
		back := slices.Clone(files)
		slices.Reverse(back)
		db := imported(t, back...)
		sameDump(t, "reversed", want, logicalDump(t, db))
		checkLedger(t, db)
	})
	t.Run("one by one", func(t *testing.T) {
		db := tempDB(t)
		for _, f := range files {
			take(t, db, f)
		}
		sameDump(t, "one by one", want, logicalDump(t, db))
		checkLedger(t, db)
	})
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 2 {
		t.Run(fmt.Sprint("shuffled", n), func(t *testing.T) {
			mixed := slices.Clone(files)
			random.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
			db := imported(t, mixed...)
			sameDump(t, fmt.Sprint(mixed), want, logicalDump(t, db))
			checkLedger(t, db)
		})
	}
}

// TestLabRotated: the capture in two or more parts, cut between packets or
// overlapping, in either order, is the capture.
func TestLabRotated(t *testing.T) {
	whole := labFile(t, "lab-small/lab.pcap")
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	want := logicalDump(t, imported(t, whole))
	head, packets := pcapParts(t, data)
	n := len(packets)
	tests := []struct {
		name  string
		parts [][2]int
	}{
		{"halves", [][2]int{{0, n / 2}, {n / 2, n}}},
		{"a third and the rest", [][2]int{{0, n / 3}, {n / 3, n}}},
		{"five", [][2]int{{0, n / 5}, {n / 5, n * 2 / 5}, {n * 2 / 5, n * 3 / 5}, {n * 3 / 5, n * 4 / 5}, {n * 4 / 5, n}}},
		{"overlapping", [][2]int{{0, n * 2 / 3}, {n / 3, n}}},
		{"one inside the other", [][2]int{{0, n}, {n / 4, n / 2}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			var files []string
			for i, p := range test.parts {
				path := filepath.Join(dir, fmt.Sprintf("part%d.pcap", i))
				if err := os.WriteFile(path, pcapOf(head, packets[p[0]:p[1]]), 0o600); err != nil {
					t.Fatal(err)
				}
				files = append(files, path)
			}
			forward := imported(t, files...)
			sameDump(t, "in order", want, logicalDump(t, forward))
			checkLedger(t, forward)
			slices.Reverse(files)
			back := imported(t, files...)
			sameDump(t, "reversed", want, logicalDump(t, back))
			checkLedger(t, back)
		})
	}
}

// TestLogRotated: text logs cut at any byte, in the middle of calls and messages.
func TestLogRotated(t *testing.T) {
	files := sippLogs(t)
	dir := t.TempDir()
	var parts []string
	for i, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cut := len(data)*(i%5+1)/7 + 7*i
		for n, part := range [][]byte{data[:cut], data[cut:]} {
			path := filepath.Join(dir, filepath.Base(file)+[...]string{".1", ""}[n])
			if err := os.WriteFile(path, part, 0o600); err != nil {
				t.Fatal(err)
			}
			parts = append(parts, path)
		}
	}
	rand.New(rand.NewPCG(5, 6)).Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	db := imported(t, parts...)
	sameDump(t, "rotated logs", logicalDump(t, imported(t, files...)), logicalDump(t, db))
	checkLedger(t, db)
}
