package store

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCallerOf: a number's text comes back, and numbers have the order of their texts.
func TestCallerOf(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	texts := []string{"#", "*", "+", "-", "0", "9", strings.Repeat("9", 16), "*31#0301234567", "+49301234567"}
	for range 500 {
		b := make([]byte, 1+r.IntN(16))
		for i := range b {
			b[i] = callerSigns[r.IntN(len(callerSigns))]
		}
		texts = append(texts, string(b))
	}
	callers := make([]Caller, len(texts))
	for i, s := range texts {
		c, ok := CallerOf(s)
		if got := string(c.AppendText(nil)); !ok || got != s || !c.sound() {
			t.Fatalf("%q is %x, %v: %q", s, uint64(c), ok, got)
		}
		callers[i] = c
	}
	slices.Sort(texts)
	slices.Sort(callers)
	for i, c := range callers {
		if got := string(c.AppendText(nil)); got != texts[i] {
			t.Fatalf("number %d in order is %q, want %q", i, got, texts[i])
		}
	}
	for _, s := range []string{"", "anonymous", strings.Repeat("1", 17), "1 2", "\x00", "٤٧"} {
		if c, ok := CallerOf(s); ok || c != 0 {
			t.Errorf("%q is number %x", s, uint64(c))
		}
	}
}

// TestCallerPack: entries come back as they were packed, those of a period alone.
func TestCallerPack(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var p callerPack
		var want []CallerEntry
		from, to := int64(100), 100+r.Int64N(50)
		for range r.IntN(60) {
			e := CallerEntry{Quarter: 90 + r.Int64N(60), Profile: r.Int64N(3) * 200, N: 1 - 2*r.Int64N(2)}
			if r.IntN(9) == 0 {
				e.Quarter = -r.Int64N(1 << 40)
			}
			if r.IntN(4) == 0 {
				e.Text = []byte(strings.Repeat("é", r.IntN(200)))
			} else {
				e.Caller, _ = CallerOf(fmt.Sprint(r.Int64N(int64(math.Pow10(r.IntN(16) + 1)))))
			}
			p.add(&e)
			if p.first > e.Quarter || p.last < e.Quarter {
				t.Fatalf("%d to %d after quarter hour %d", p.first, p.last, e.Quarter)
			}
			if e.Quarter >= from && e.Quarter < to {
				want = append(want, e)
			}
		}
		var got []CallerEntry
		err := unpackCallers(p.data, from, to, func(e *CallerEntry) {
			one := *e
			one.Text = slices.Clone(e.Text)
			got = append(got, one)
		})
		empty := cmp.Transformer("text", func(b []byte) string { return string(b) })
		if diff := cmp.Diff(want, got, empty); err != nil || diff != "" {
			t.Fatalf("%v %s", err, diff)
		}
	}
}

// FuzzCallerPack: whatever stands in a row is read to its end or refused, and what was
// read comes back when it is packed again.
func FuzzCallerPack(f *testing.F) {
	var p callerPack
	for i := range 40 {
		c, _ := CallerOf(fmt.Sprint(1000 * i * i))
		p.add(&CallerEntry{Caller: c, Text: []byte("x")[:i%2], Quarter: int64(i / 7), Profile: int64(i % 5), N: 1})
	}
	f.Add(p.data)
	f.Add([]byte{0x10, 3, 'a', 'b'})
	f.Add([]byte{1, 0xf1, 2, 1})
	f.Add([]byte{8, 1, 0xff, 0, 0, 0, 0, 0, 0, 2, 2})
	f.Fuzz(func(t *testing.T, data []byte) {
		var again callerPack
		var first, second []string
		show := func(e *CallerEntry) string {
			if c, ok := CallerOf(string(e.Caller.AppendText(nil))); c != e.Caller || ok != (c != 0) {
				t.Fatalf("caller %x is no number", uint64(e.Caller))
			}
			return fmt.Sprint(uint64(e.Caller), string(e.Text), e.Quarter, e.Profile, e.N)
		}
		unpackCallers(data, math.MinInt64, math.MaxInt64, func(e *CallerEntry) {
			first = append(first, show(e))
			again.add(e)
		})
		if err := unpackCallers(again.data, math.MinInt64, math.MaxInt64, func(e *CallerEntry) { second = append(second, show(e)) }); err != nil || !slices.Equal(first, second) {
			t.Fatalf("%v: %q, want %q", err, second, first)
		}
	})
}
