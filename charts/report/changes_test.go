package report

import (
	"fmt"
	"testing"

	"callsift/analyze"
)

// Of a long comparison the page shows what tells most; of a difference that rounds
// to nothing, no sign.
func TestWorthShowing(t *testing.T) {
	rows := make([]analyze.Change, 400)
	for i := range rows {
		rows[i] = analyze.Change{Key: fmt.Sprint(i), Now: analyze.Ratio{Den: int64(i)}}
	}
	rows[3].Arrow, rows[7].Tested = analyze.Up, true
	got := worthShowing(rows)
	if len(got) != changeRows || got[0].Key != "3" || got[1].Key != "7" || got[2].Key != "399" {
		t.Errorf("%d rows, first %s, %s, %s", len(got), got[0].Key, got[1].Key, got[2].Key)
	}
	for _, x := range []struct {
		v          float64
		unit, want string
	}{{0.2, "ms", "0\u00a0ms"}, {-256, "ms", "−256\u00a0ms"}, {326.1, "calls", "+326"}, {-0.01, "calls/s", "0.0\u00a0calls/s"}} {
		if got := signedQuantity(x.v, x.unit); got != x.want {
			t.Errorf("%v %s: %q, want %q", x.v, x.unit, got, x.want)
		}
	}
}
