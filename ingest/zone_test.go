package ingest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLocalTimes: the nights in which clocks are set, and a log over New Year
// whose lines have no year: 31 December 2026 is in week 53.
func TestLocalTimes(t *testing.T) {
	for _, c := range []struct {
		name, zone, written string
		stamps, want        []string
	}{
		{"end of summer time", "Europe/Berlin", "2026-10-25T04:00:00Z",
			[]string{"2026-10-25 01:59:59", "2026-10-25 02:50:00", "2026-10-25 02:10:00", "2026-10-25 03:00:00"},
			[]string{"2026-10-24 23:59:59.000", "2026-10-25 00:50:00.000", "2026-10-25 01:10:00.000", "2026-10-25 02:00:00.000"}},
		{"its beginning", "Europe/Berlin", "2026-03-29T04:00:00Z",
			[]string{"2026-03-29 01:59:59", "2026-03-29 03:00:00"},
			[]string{"2026-03-29 00:59:59.000", "2026-03-29 01:00:00.000"}},
		{"half an hour", "Australia/Lord_Howe", "2026-04-05T04:00:00Z",
			[]string{"2026-04-05 01:20:00", "2026-04-05 01:58:00", "2026-04-05 01:35:00", "2026-04-05 02:10:00"},
			[]string{"2026-04-04 14:20:00.000", "2026-04-04 14:58:00.000", "2026-04-04 15:05:00.000", "2026-04-04 15:40:00.000"}},
		{"New Year without years", "UTC", "2027-01-01T00:10:00Z",
			[]string{"Dec 28 00:00:00", "Dec 31 23:59:58", "Jan  1 00:00:03"},
			[]string{"2026-12-28 00:00:00.000", "2026-12-31 23:59:58.000", "2027-01-01 00:00:03.000"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			for n, stamp := range c.stamps {
				for _, line := range strings.Split(strings.TrimSuffix(inviteText(n), "\n"), "\n") {
					fmt.Fprintf(&b, "%s gw1 sip[9]: %s\n", stamp, line)
				}
			}
			path := filepath.Join(t.TempDir(), "gw.log")
			if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.RFC3339, c.written)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, at, at); err != nil {
				t.Fatal(err)
			}
			db := tempDB(t)
			var r FileResult
			if err := Run(t.Context(), db, []string{path}, Options{Zone: mustZone(t, c.zone)}, func(f FileResult) { r = f }); err != nil {
				t.Fatal(err)
			}
			if r.Source.TZ != c.zone || r.Source.TZFrom != "flag" {
				t.Errorf("%s (%s), want %s (flag)", r.Source.TZ, r.Source.TZFrom, c.zone)
			}
			var got []string
			for _, row := range selected(t, db, `SELECT started FROM calls ORDER BY native_id`) {
				got = append(got, row[0].(string))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("calls begin at (-want +got)\n%s", diff)
			}
		})
	}
}
