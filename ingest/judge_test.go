package ingest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDense: where more calls begin than may be judged together, none are joined,
// in whatever order they came; it is told, with the place; and they are joined
// where the flood is taken out again.
func TestDense(t *testing.T) {
	defer func(n int64) { maxTogether = n }(maxTogether)
	maxTogether = 9
	w := &wire{}
	a, b := relay(w, 0, "a1@phone", uuid, "b1@pbx", uuid)
	fails(a, b, 3)
	a, b = numberedRelay(w, 5, "a2", "b2")
	fails(a, b, 8)
	a, b = numberedRelay(w, 2000, "a3", "b3") // far from the flood
	fails(a, b, 2008)
	calls := w.file(t, nil)
	flood := &wire{}
	for i := range 8 {
		c := &talk{w: flood, id: fmt.Sprintf("flood%d@phone", i), src: phone, dst: pbx, from: fmt.Sprint(500 + i), to: "0441234567"}
		c.invite(20 + float64(i))
		c.refuse(21+float64(i), "486 Busy Here")
	}
	noise := flood.file(t, nil)

	alone := imported(t, calls)
	if text := tell(t, alone); strings.Count(text, " with sip ") != 3 {
		t.Fatalf("without the flood not all are joined:\n%s", text)
	}
	both := imported(t, calls, noise)
	if text := tell(t, both); strings.Count(text, " with sip ") != 1 || strings.Contains(text, "unjoined") {
		t.Errorf("with the flood, joined or marked:\n%s", text)
	}
	for name, order := range map[string][][]string{"later": {{calls}, {noise}}, "before": {{noise}, {calls}}} {
		db := tempDB(t)
		for _, files := range order {
			take(t, db, files...)
		}
		if diff := cmp.Diff(logicalDump(t, both), logicalDump(t, db)); diff != "" {
			t.Errorf("flood %s (-together +got)\n%s", name, diff)
		}
	}
	warnings := fmt.Sprint(selected(t, both, `SELECT text FROM warning`))
	if want := "12 calls begin from "; !strings.Contains(warnings, want) || !strings.Contains(warnings, "the first at "+calls) {
		t.Errorf("warnings %s, want %q and its place", warnings, want)
	}
}

// TestParts: that a stretch is judged in parts makes no difference.
func TestParts(t *testing.T) {
	w := &wire{}
	for i := range 40 {
		at := 61 * float64(i)
		a, b := numberedRelay(w, at, fmt.Sprintf("a%d", i), fmt.Sprintf("b%d", i))
		fails(a, b, at+3)
	}
	file := w.file(t, nil)
	whole := imported(t, file)
	defer func(n int64) { maxTogether = n }(maxTogether)
	maxTogether = 20
	parts := imported(t, file)
	if n := selected(t, parts, `SELECT count(*) FROM joint`)[0][0]; n != int64(40) {
		t.Errorf("%v joints, want 40", n)
	}
	if diff := cmp.Diff(logicalDump(t, whole), logicalDump(t, parts)); diff != "" {
		t.Errorf("(-whole +parts)\n%s", diff)
	}
}
