package charts

import (
	"math"
	"strings"
	"testing"
)

// lab is a colour in CIE L*a*b* (D65), from linear RGB.
func lab(r, g, b float64) [3]float64 {
	f := func(t float64) float64 {
		if t > 0.008856 {
			return math.Cbrt(t)
		}
		return 7.787*t + 16.0/116
	}
	x := f((0.4124*r + 0.3576*g + 0.1805*b) / 0.9505)
	y := f(0.2126*r + 0.7152*g + 0.0722*b)
	z := f((0.0193*r + 0.1192*g + 0.9505*b) / 1.089)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

// sight is a matrix on linear RGB: what is left of colours (Machado et al. 2009,
// severity 1).
var sight = map[string][9]float64{
	"full":         {1, 0, 0, 0, 1, 0, 0, 0, 1},
	"protanopia":   {0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998},
	"deuteranopia": {0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.011820, 0.042940, 0.968881},
	"tritanopia":   {1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.303900},
}

func seen(hex string, m [9]float64) [3]float64 {
	c := rgb(hex)
	lin := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	r, g, b := lin(c.R), lin(c.G), lin(c.B)
	at := func(i int) float64 { return min(1, max(0, m[i]*r+m[i+1]*g+m[i+2]*b)) }
	return lab(at(0), at(3), at(6))
}

func distance(a, b [3]float64) float64 {
	return math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2]))
}

// Classes that lie on each other, and the parts of a trunk's bar, stay apart for
// every kind of sight, light and dark.
func TestPalette(t *testing.T) {
	groups := [][]ink{{"1xx", "2xx", "3xx", "4xx", "5xx", "6xx", "none", "unknown"}, {"answered", inkPeople, inkOther, "failed"}, {inkASR, inkNER, inkPaper}}
	const least = 10 // CIE76; about 2.3 is just noticeable
	for name, m := range sight {
		for _, dark := range []bool{false, true} {
			for _, g := range groups {
				for i, a := range g {
					for _, b := range g[:i] {
						if d := distance(seen(hex(a, dark), m), seen(hex(b, dark), m)); d < least {
							t.Errorf("%s, dark %v: %s and %s are %.1f apart, want %d", name, dark, a, b, d, least)
						}
					}
				}
			}
		}
	}
}

// Text is readable on its background: WCAG contrast 4.5.
func TestContrast(t *testing.T) {
	pairs := [][2]ink{{inkText, inkPaper}, {inkMuted, inkPaper}, {inkText, inkEmpty}, {inkMuted, inkEmpty}, {inkOnPeak, "heat6"},
		{inkText, "heat0"}, {inkText, "heat1"}, {inkText, "heat2"}, {inkText, "heat3"}, {inkASR, inkPaper}, {inkNER, inkPaper}}
	light := func(k ink, dark bool) float64 {
		y := (seen(hex(k, dark), sight["full"])[0] + 16) / 116
		return y * y * y
	}
	for _, dark := range []bool{false, true} {
		for _, p := range pairs {
			a, b := light(p[0], dark), light(p[1], dark)
			if c := (max(a, b) + 0.05) / (min(a, b) + 0.05); c < 4.5 {
				t.Errorf("dark %v: %s on %s has contrast %.1f, want 4.5", dark, p[0], p[1], c)
			}
		}
	}
}

func TestPaletteIsHex(t *testing.T) {
	for k, pair := range shades {
		for _, h := range pair {
			if len(h) != 7 || strings.Trim(h[1:], "0123456789ABCDEF") != "" {
				t.Errorf("%s: %q, want #RRGGBB", k, h)
			}
		}
	}
}
