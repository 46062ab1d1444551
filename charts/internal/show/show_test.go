package show

import "testing"

func TestSigned(t *testing.T) {
	for _, x := range []struct {
		f        float64
		decimals int
		want     string
	}{{0, 1, "0.0"}, {-0.04, 1, "0.0"}, {0.04, 1, "0.0"}, {7.44, 1, "+7.4"}, {-26.5, 1, "−26.5"}, {10, 0, "+10"}, {-0.4, 0, "0"}} {
		if got := Signed(x.f, x.decimals); got != x.want {
			t.Errorf("Signed(%v, %d) = %q, want %q", x.f, x.decimals, got, x.want)
		}
	}
	if got := Points(0.0744); got != "+7.4" {
		t.Errorf("Points(0.0744) = %q, want +7.4", got)
	}
}
