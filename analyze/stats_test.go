package analyze

import (
	"fmt"
	"slices"
	"testing"
)

// The vector of the weekly report: 412 of 10,000, then 500 of 10,200.
func TestTwoProportionsVector(t *testing.T) {
	z := TwoProportions(412, 10_000, 500, 10_200)
	low, high := Newcombe(412, 10_000, 500, 10_200)
	got := fmt.Sprintf("z %.3f p %.4f %+.2f to %+.2f", z, twoSided(z), 100*low, 100*high)
	if want := "z 2.676 p 0.0074 +0.21 to +1.36"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if low, high := Newcombe(0, 0, 5, 10); low != 0 || high != 0 {
		t.Errorf("%v %v over nothing", low, high)
	}
	if z := TwoProportions(0, 10, 0, 20); z != 0 {
		t.Errorf("z %v without failures", z)
	}
}

// Newcombe 1998, table II, method 10: 56/70 - 48/80 and 0/10 - 0/10 with others.
func TestNewcombePublished(t *testing.T) {
	for _, x := range []struct {
		x1, n1, x2, n2 int64
		want           string
	}{
		{48, 80, 56, 70, "0.0524 0.3339"},
		{3, 10, 9, 10, "0.1705 0.8090"},
		{0, 10, 10, 10, "0.6075 1.0000"},
	} {
		low, high := Newcombe(x.x1, x.n1, x.x2, x.n2)
		if got := fmt.Sprintf("%.4f %.4f", low, high); got != x.want {
			t.Errorf("%+v: %s, want %s", x, got, x.want)
		}
	}
}

func TestDispersion(t *testing.T) {
	even := []Ratio{{Num: 1, Den: 10}, {Num: 1, Den: 10}, {Num: 1, Den: 10}, {Num: 1, Den: 10}}
	if phi := dispersion(even, even); phi != 1 {
		t.Errorf("even: %v", phi)
	}
	burst := []Ratio{{Num: 0, Den: 10}, {Num: 4, Den: 10}, {Num: 0, Den: 10}, {Num: 0, Den: 10}}
	// Rate 0.1: (1 + 9 + 1 + 1) / 0.9 over 3 degrees of freedom.
	if phi := fmt.Sprintf("%.3f", dispersion(burst)); phi != "4.444" {
		t.Errorf("burst: %s, want 4.444", phi)
	}
	if phi := dispersion([]Ratio{{Num: 4, Den: 10}, {Num: 0, Den: 10}}); phi != 1 {
		t.Errorf("two bins: %v", phi)
	}
}

// Benjamini and Hochberg 1995, §3.2: 4 of the 15 stand.
func TestBenjaminiHochberg(t *testing.T) {
	ps := []float64{.0344, .0001, .0004, .0019, .0095, .0201, .0278, .0298, .0459, .3240, .4262, .5719, .6528, .7590, 1}
	got := benjaminiHochberg(ps, .05)
	want := make([]bool, len(ps))
	want[1], want[2], want[3], want[4] = true, true, true, true
	if !slices.Equal(got, want) {
		t.Error(got)
	}
}
