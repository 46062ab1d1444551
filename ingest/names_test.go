package ingest

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"callsift/store"
)

var siteNames = Names{
	Sites: []SiteName{{Name: "berlin", Addresses: []string{"192.0.2.0/24"}}, {Name: "hall", Trunks: []string{"the carrier"}}},
	Devices: []DeviceName{
		{Name: "the pbx", Site: "berlin", Addresses: []string{"198.51.100.7"}},
	},
	Trunks: []TrunkName{
		{Name: "the carrier", Channels: []string{"PJSIP/carrier-a"}},
		{Name: "other", Channels: []string{"carrier"}},
		{Name: "far end", Addresses: []string{"192.0.2.50/31"}},
	},
	Prefixes: map[string]string{"+4420": "London", "044": "by code", "+44": "UK"},
}

func apply(t *testing.T, db *store.DB, n Names) bool {
	t.Helper()
	changed, err := Apply(context.Background(), db, n)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// TestNames: what is configured is what is counted.
func TestNames(t *testing.T) {
	db := imported(t, joinSite(t)...)
	if !apply(t, db, siteNames) || apply(t, db, siteNames) {
		t.Error("applying names twice: want a change the first time only")
	}
	seen := map[string]bool{}
	profiles, err := db.Profiles(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range profiles {
		seen["trunk "+p.Trunk], seen["prefix "+p.Prefix], seen["device "+p.Device], seen["site "+p.Site] = true, true, true, true
		if p.TrunkHint == "carrier-a" && p.Trunk != "the carrier" {
			t.Errorf("trunk %q of channel carrier-a, want the longest beginning", p.Trunk)
		}
	}
	for _, want := range []string{"trunk the carrier", "trunk far end", "prefix London", "prefix by code", "device the pbx", "site berlin", "site hall"} {
		if !seen[want] {
			t.Errorf("no %s among %v", want, slices.Sorted(keysOf(seen)))
		}
	}
	if seen["prefix 44"] || seen["trunk carrier-a"] {
		t.Error("a name of before is still counted")
	}
}

func keysOf[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// TestNamesAnyTime: before the files, between them or after them, and whatever
// was called what before: the database says the same, and without the names what
// it said before.
func TestNamesAnyTime(t *testing.T) {
	files := joinSite(t)
	bare := logicalDump(t, imported(t, files...))
	after := imported(t, files...)
	apply(t, after, siteNames)
	want := logicalDump(t, after)
	if want == bare {
		t.Fatal("names change nothing")
	}
	checkRollups(t, after)
	apply(t, after, Names{})
	sameDump(t, "names taken out again", bare, logicalDump(t, after))
	others := Names{Trunks: []TrunkName{{Name: "x", Channels: []string{"car"}}}, Prefixes: map[string]string{"0442": "y"}}
	random := rand.New(rand.NewPCG(3, 5))
	for n := range 4 {
		random.Shuffle(len(files), func(i, k int) { files[i], files[k] = files[k], files[i] })
		db := tempDB(t)
		take(t, db, files[:n]...)
		apply(t, db, others)
		take(t, db, files[n:n+2]...)
		apply(t, db, siteNames)
		take(t, db, files[n+2:]...)
		sameDump(t, "names between files", want, logicalDump(t, db))
	}
}

func TestNamesCheck(t *testing.T) {
	for want, n := range map[string]Names{
		`address "203.0.113.300", want an IP address or CIDR`: {Trunks: []TrunkName{{Name: "a", Addresses: []string{"203.0.113.300"}}}},
		`no site "nowhere"`: {Devices: []DeviceName{{Name: "a", Site: "nowhere"}}},
		`prefix "4x", want digits, with or without + in front`: {Prefixes: map[string]string{"4x": "a"}},
	} {
		if what, err := n.Check(); err == nil || err.Error() != want || len(what) < 2 {
			t.Errorf("%v, %v; want %s", what, err, want)
		}
	}
	if _, err := siteNames.Check(); err != nil {
		t.Error(err)
	}
}

func TestMatchFiles(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"berlin/**", "/var/log/berlin/a/full.1", true},
		{"berlin/**", "/var/log/berlinale/full", false},
		{"*.csv", "cdr/Master.csv", true},
		{"cdr/*.csv", "cdr/old/Master.csv", false},
		{"cdr/**/*.csv", "x/cdr/old/er/Master.csv", true},
		{"cdr/**/*.csv", "cdr/Master.csv", true},
		{"/var/**", "/srv/var/x", false},
		{"logs/*", "week.zip!logs/full", true},
		{"full.?", `C:\logs\full.1`, true},
		{"a+b", "aab", false},
	} {
		if got := matchFiles(c.pattern, c.path); got != c.want {
			t.Errorf("%s matches %s: %v", c.pattern, c.path, got)
		}
	}
}

// TestZoneOfConfig: local times are read in the zone that the configuration has
// for the path, and the ledger says so; a zone that the user gave comes first.
func TestZoneOfConfig(t *testing.T) {
	text := strings.ReplaceAll(CDRTable.Example, "\n\n", "\n")
	for _, c := range []struct {
		opt      Options
		tz, from string
		hour     string
	}{
		{Options{Zones: []FileZone{{"other/*", mustZone(t, "Asia/Tokyo")}, {"*.csv", mustZone(t, "Europe/Berlin")}}}, "Europe/Berlin", "config", "08:00:00"},
		{Options{Zone: mustZone(t, "America/New_York"), Zones: []FileZone{{"*.csv", mustZone(t, "Europe/Berlin")}}}, "America/New_York", "flag", "14:00:00"},
		{Options{Zones: []FileZone{{"*.tsv", mustZone(t, "Europe/Berlin")}}}, "UTC", "default", "09:00:00"},
	} {
		db := tempDB(t)
		var got FileResult
		if err := Run(context.Background(), db, []string{written(t, "calls.csv", []byte(text))}, c.opt, func(r FileResult) { got = r }); err != nil {
			t.Fatal(err)
		}
		if s := got.Source; s.TZ != c.tz || s.TZFrom != c.from {
			t.Errorf("%s (%s), want %s (%s)", s.TZ, s.TZFrom, c.tz, c.from)
		}
		if rows := selected(t, db, `SELECT started FROM calls`); len(rows) != 1 || !strings.Contains(rows[0][0].(string), c.hour) {
			t.Errorf("%v, want %s", rows, c.hour)
		}
	}
}

func TestLabel(t *testing.T) {
	n := &namer{prefixes: []string{"+4420", "0800", "+44"}}
	for number, want := range map[string]string{
		"0044201234567": "+4420", "+44171234567": "+44", "0800123456": "0800", "44201234567": "+4420",
		"4420": "short", "alice": "name", "03012345": "030", "sip:+44-20-7946000@pbx": "+4420",
	} {
		a := store.Attempt{Callee: number}
		if n.label(&a); a.Profile.PrefixHint != want {
			t.Errorf("%s: %s, want %s", number, a.Profile.PrefixHint, want)
		}
	}
}

func mustZone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}
