package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"callsift/store/codes"
)

// TestProfilePack: every field by which profiles differ survives packing.
func TestProfilePack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var p Profile
		v := reflect.ValueOf(&p).Elem()
		for i := range v.NumField() {
			if v.Type().Field(i).Name == "Class" {
				break // what is settled is not packed
			}
			switch f := v.Field(i); f.Kind() {
			case reflect.String:
				f.SetString(strings.Repeat("ü", random.IntN(200)))
			case reflect.Bool:
				f.SetBool(random.IntN(2) == 0)
			case reflect.Uint64:
				f.SetUint(random.Uint64())
			default:
				f.SetInt(random.Int64() - random.Int64())
			}
		}
		p.ID = 0
		var back Profile
		back.unpack(string(p.pack(nil)))
		if back != p {
			t.Fatalf("%+v came back as %+v", p, back)
		}
	}
}

// TestProfileBounds: past the bounds rows are counted with less and less of what
// makes them differ, the number of profiles stays bounded, and it is told for how
// many rows and from which place on.
func TestProfileBounds(t *testing.T) {
	defer func(m, f int) { maxProfiles, furtherProfiles = m, f }(maxProfiles, furtherProfiles)
	maxProfiles, furtherProfiles = 20, 5
	db := newDB(t)
	im := begun(t, db, "a.log")
	const rows = 2000
	for i := range rows {
		a := failedAt(int64(i), "")
		p := &a.Profile
		p.UserAgent, p.FromAddr, p.Method, p.Reason = fmt.Sprint("agent ", i), fmt.Sprint("192.0.2.", i), fmt.Sprint("METHOD", i), fmt.Sprint("reason ", i)
		p.Flags, p.CauseQ850 = codes.Flags(i), i
		a.Source, a.Line = im.Source.ID, int64(i+1)
		im.Add(a)
	}
	im.Settle(func([]*Profile, map[int64]int64) {})
	committed(t, im)
	profiles, err := db.Profiles(context.Background())
	if err != nil || len(profiles) < maxProfiles || len(profiles) > maxProfiles+3*furtherProfiles {
		t.Errorf("%d profiles, %v", len(profiles), err)
	}
	if n := count(t, db, `SELECT sum(n) FROM rollup`); n != rows {
		t.Errorf("%d rows counted, want %d", n, rows)
	}
	var line, text any
	if err := db.Query(context.Background(), `SELECT line, text FROM warning`, func([]string) error { return nil }, func(row []any) error {
		line, text = row[0], row[1]
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if want := "over 20 different combinations of addresses, agents and reasons: 1980 rows, the first at a.log:21, are counted without these texts"; line != int64(21) || text != want {
		t.Errorf("line %v, warning %q, want %q", line, text, want)
	}
}

// TestProfilesRead: every column of a profile comes back as it was stored, and one of
// another kind is told as damage.
func TestProfilesRead(t *testing.T) {
	db := newDB(t)
	im := begun(t, db, "a.log")
	random := rand.New(rand.NewPCG(3, 4))
	want := map[string]Profile{}
	for i := range 300 {
		a := failedAt(int64(i), "")
		v := reflect.ValueOf(&a.Profile).Elem()
		for i := range v.NumField() {
			switch f := v.Field(i); f.Kind() {
			case reflect.String:
				f.SetString(strings.Repeat("ü", random.IntN(200)))
			case reflect.Bool:
				f.SetBool(random.IntN(2) == 0)
			case reflect.Uint64:
				f.SetUint(random.Uint64() >> (1 + random.IntN(62)))
			default:
				f.SetInt((random.Int64() >> random.IntN(62)) * (1 - 2*random.Int64N(2)))
			}
		}
		a.Profile.Reason = fmt.Sprint("reason ", i)
		a.Profile.Scope = ScopeBoth
		a.Source = im.Source.ID
		im.Add(a)
		want[a.Profile.Reason] = a.Profile
	}
	im.Settle(func(list []*Profile, _ map[int64]int64) {
		for _, p := range list {
			id := p.ID
			*p = want[p.Reason]
			p.ID = id
		}
	})
	committed(t, im)
	profiles, err := db.Profiles(context.Background())
	if err != nil || len(profiles) != len(want) {
		t.Fatalf("%d profiles, %v, want %d", len(profiles), err, len(want))
	}
	for id, p := range profiles {
		w := want[p.Reason]
		w.ID = id
		if *p != w {
			t.Fatalf("profile %d:\n%+v, want\n%+v", id, *p, w)
		}
	}
	for _, damage := range []string{`UPDATE profile SET code = 'x'`, `UPDATE profile SET code = 0, reason = x'00ff', cause_code = 1.5`} {
		if _, err := db.sql.Exec(damage); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Profiles(context.Background()); err == nil || !strings.Contains(err.Error(), "the database is damaged") {
			t.Errorf("%s: %v, want that it is damaged", damage, err)
		}
	}
}

func TestPackedReader(t *testing.T) {
	whole := string(appendText(appendNumber(appendText(appendNumber(nil, -5), "a"), 1<<62), "bc"))
	for n := range len(whole) + 1 {
		r := packedReader{rest: whole[:n]}
		a, b, c, d := r.number(), r.text(), r.number(), r.text()
		if ok := n == len(whole); ok == r.short || ok && (a != -5 || b != "a" || c != 1<<62 || d != "bc") || r.rest != "" {
			t.Errorf("%d of %d bytes: %d %q %d %q, %q left, short %t", n, len(whole), a, b, c, d, r.rest, r.short)
		}
	}
	for _, wrong := range []packedReader{{rest: string(appendText(nil, "a"))}, {rest: strings.Repeat("\xff", 12)}} {
		if wrong.number(); !wrong.short {
			t.Errorf("%q read as a number", wrong.rest)
		}
	}
}
