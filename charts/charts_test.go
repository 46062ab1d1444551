package charts

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"codeberg.org/go-fonts/liberation/liberationmonoregular"

	"callsift/analyze"
	"callsift/charts/internal/sample"
)

func figure(t testing.TB, name string, r *analyze.Report) Figure {
	t.Helper()
	f, err := New(name, r)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func render(t testing.TB, f Figure, format string, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, f, format, o); err != nil {
		t.Fatalf("%s.%s: %v", f.Name, format, err)
	}
	return b.Bytes()
}

// Same data, same bytes: one after the other and all at once.
func TestSameBytes(t *testing.T) {
	type job struct{ name, format string }
	var jobs []job
	for _, n := range Names() {
		for _, f := range Formats() {
			jobs = append(jobs, job{n, f})
		}
	}
	small := Options{Width: 600, Height: 400, Scale: 1}
	first := make([][]byte, len(jobs))
	for i, j := range jobs {
		first[i] = render(t, figure(t, j.name, sample.Hotel()), j.format, small)
	}
	again := make([][]byte, len(jobs))
	var wg sync.WaitGroup
	for i, j := range jobs {
		wg.Go(func() { again[i] = render(t, figure(t, j.name, sample.Hotel()), j.format, small) })
	}
	wg.Wait()
	for i, j := range jobs {
		if !bytes.Equal(first[i], again[i]) {
			t.Errorf("%s.%s: two renderings differ", j.name, j.format)
		}
	}
}

// Every report, however odd, gives every chart in every format and size.
func TestEveryReport(t *testing.T) {
	for name, r := range sample.Extremes() {
		for _, n := range Names() {
			for _, o := range []Options{{Scale: 1}, {Width: 320, Height: 200, Scale: 1, Dark: true}} {
				f := figure(t, n, r)
				img, err := png.Decode(bytes.NewReader(render(t, f, "png", o)))
				if err != nil {
					t.Fatalf("%s %s: %v", name, n, err)
				}
				if len(colorsOf(img)) < 3 {
					t.Errorf("%s %s: the picture is blank", name, n)
				}
				wellFormed(t, name+" "+n, render(t, f, "svg", o))
				if o.Width == 0 && !bytes.HasPrefix(render(t, f, "pdf", o), []byte("%PDF-")) {
					t.Errorf("%s %s: no PDF", name, n)
				}
				if f.Alt == "" || f.Title == "" {
					t.Errorf("%s %s: title %q, alt %q", name, n, f.Title, f.Alt)
				}
			}
		}
	}
}

func colorsOf(img image.Image) map[color.RGBA]int {
	seen := map[color.RGBA]int{}
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, _ := img.At(x, y).RGBA()
			seen[color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(bl >> 8), 255}]++
		}
	}
	return seen
}

func has(img image.Image, k ink, dark bool) bool {
	c := rgb(hex(k, dark))
	return colorsOf(img)[color.RGBA{c.R, c.G, c.B, 255}] > 20
}

func TestPNG(t *testing.T) {
	for _, dark := range []bool{false, true} {
		img, err := png.Decode(bytes.NewReader(render(t, figure(t, "classes", sample.Hotel()), "png", Options{Dark: dark})))
		if err != nil {
			t.Fatal(err)
		}
		if got := img.Bounds().Size(); got != (image.Point{X: 2400, Y: 1200}) {
			t.Errorf("size %v, want 2400 by 1200", got)
		}
		for _, c := range Classes {
			if want := c != "unknown"; has(img, ink(c), dark) != want {
				t.Errorf("dark %v: colour of %s there: %v, want %v", dark, c, !want, want)
			}
		}
		if !has(img, inkPaper, dark) || !has(img, inkText, dark) {
			t.Errorf("dark %v: no background or no text", dark)
		}
	}
}

// A day without data is a hatched band, and a covered day without calls is not.
func TestNoDataIsNotZero(t *testing.T) {
	r := sample.Hotel()
	r.Days[4] = analyze.DayClasses{Day: r.Days[4].Day, Data: true}
	zero := string(render(t, figure(t, "classes", r), "svg", Options{}))
	r.Days[4].Data = false
	gap := figure(t, "classes", r)
	svg := string(render(t, gap, "svg", Options{}))
	if strings.Contains(zero, "no data:") || !strings.Contains(svg, "no data: no source covers this day") {
		t.Error("the band of a day without data, want it there and only there")
	}
	if !strings.Contains(gap.Alt, "No data on Fri Nov 13") {
		t.Errorf("alt %q, want the day without data in it", gap.Alt)
	}
}

func TestHeatmapMarks(t *testing.T) {
	r := sample.Hotel()
	r.Heat.Cells[6][2] = analyze.HeatCell{Missing: true}
	svg := string(render(t, figure(t, "heatmap", r), "svg", Options{}))
	for _, want := range []string{"–dst", "Fri 03–04 h: no data", "fewer than 20", "Tue 15–16 h:", "clock change"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %q in the heat map", want)
		}
	}
	if strings.Index(svg, ">Mon<") > strings.Index(svg, ">Sun<") {
		t.Error("Monday under Sunday, want it on top")
	}
}

// A line is broken where there is no data: two runs are two paths.
func TestTrendGap(t *testing.T) {
	days := sample.Hotel().Trend
	days[3].Data = false
	l := trendLine{of: func(d analyze.DayRatios) analyze.Ratio { return d.ASR }}
	runs := l.runs(days)
	if len(runs) != 2 || len(runs[0]) != 3 || len(runs[1]) != 3 {
		t.Errorf("runs %v, want days 0 to 2 and 4 to 6", runs)
	}
}

func TestOther(t *testing.T) {
	svg := string(render(t, figure(t, "trunks", sample.Extremes()["many"]), "svg", Options{}))
	if !strings.Contains(svg, ">other (27 trunks)<") || !strings.Contains(svg, "…<") {
		t.Error("40 trunks of long names, want the last ones as other and names cut with an ellipsis")
	}
}

func TestEmpty(t *testing.T) {
	for _, n := range Names() {
		f := figure(t, n, sample.Empty())
		if !strings.Contains(f.Empty, "in 2026-W46: no source covers it") {
			t.Errorf("%s: %q", n, f.Empty)
		}
		if f = figure(t, n, sample.Zeros()); !strings.HasSuffix(f.Empty, "in 2026-W46") {
			t.Errorf("%s: %q", n, f.Empty)
		}
		if svg := string(render(t, f, "svg", Options{})); !strings.Contains(svg, f.Empty) {
			t.Errorf("%s: the picture does not say %q", n, f.Empty)
		}
	}
}

func wellFormed(t *testing.T, name string, svg []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(svg))
	seen := map[string]int{}
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if e, ok := tok.(xml.StartElement); ok {
			seen[e.Name.Local]++
			if e.Name.Local == "script" || e.Name.Local == "image" {
				t.Errorf("%s: element %s in the picture", name, e.Name.Local)
			}
		}
	}
	if seen["title"] == 0 || seen["desc"] != 1 || seen["rect"] == 0 {
		t.Errorf("%s: title, desc and background, got %v", name, seen)
	}
}

func TestSVG(t *testing.T) {
	svg := string(render(t, figure(t, "codes", sample.Hotel()), "svg", Options{Height: 600}))
	for _, want := range []string{`<rect x="0" y="0" width="1200" height="600" fill="#FFFFFF"/>`, "Arial, Helvetica, sans-serif",
		`role="img"`, `<title id="codes-t">`, `lengthAdjust="spacingAndGlyphs"`, "503 Service Unavailable"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %q", want)
		}
	}
	page := string(render(t, figure(t, "codes", sample.Hotel()), "svg", Options{Variables: true, ID: "x"}))
	if !strings.Contains(page, "var(--cs-5xx,#C1341C)") || !strings.Contains(page, `<title id="x-t">`) {
		t.Error("inlined drawing without variables or own ids")
	}
	for _, dark := range []bool{false, true} {
		if css := CSS(dark); !strings.Contains(css, "--cs-5xx:"+ClassColor("5xx", dark)) || strings.Count(css, ";") != len(shades) {
			t.Errorf("CSS(%v) lacks colours", dark)
		}
	}
}

func TestOptions(t *testing.T) {
	f := figure(t, "pdd", sample.Hotel())
	for _, c := range []struct {
		format string
		o      Options
		want   string
	}{
		{"gif", Options{}, `no chart format "gif"; formats are png, svg, pdf`},
		{"png", Options{Width: 10}, "width 10, want 320 to 4000"},
		{"png", Options{Height: 9000}, "height 9000, want 200 to 4000"},
		{"png", Options{Scale: 99}, "scale 99, want 1 to 4"},
	} {
		var b bytes.Buffer
		if err := Render(&b, f, c.format, c.o); err == nil || err.Error() != c.want || b.Len() > 0 {
			t.Errorf("%v: %v with %d bytes, want %q and none", c.o, err, b.Len(), c.want)
		}
	}
	if _, err := New("moon", sample.Hotel()); err == nil || !strings.Contains(err.Error(), `no chart "moon"; charts are classes, codes`) {
		t.Errorf("unknown chart: %v", err)
	}
}

func TestFont(t *testing.T) {
	f := figure(t, "trunks", sample.Hostile())
	missing, err := Missing(f, Options{})
	if err != nil || string(missing) != "店酒\uFFFD" {
		t.Errorf("missing %q, %v; want 店, 酒 and the replacement character", string(missing), err)
	}
	if missing, _ = Missing(figure(t, "trunks", sample.Hotel()), Options{}); len(missing) > 0 {
		t.Errorf("missing %q, want none", string(missing))
	}
	path := filepath.Join(t.TempDir(), "mono.ttf")
	if err := os.WriteFile(path, liberationmonoregular.TTF, 0o600); err != nil {
		t.Fatal(err)
	}
	if svg := string(render(t, f, "svg", Options{Font: path})); !strings.Contains(svg, "Liberation Mono") {
		t.Error("the family of the font given is not named")
	}
	render(t, f, "pdf", Options{Font: path})
	render(t, f, "png", Options{Font: path, Scale: 1})
	bad := filepath.Join(t.TempDir(), "bad.ttf")
	os.WriteFile(bad, []byte("not a font"), 0o600)
	if err := Render(io.Discard, f, "png", Options{Font: bad}); err == nil || !strings.Contains(err.Error(), "no TTF, OTF or TTC font") {
		t.Errorf("a file that is no font: %v", err)
	}
}

// The bars of a histogram hold all that the bins held.
func TestDelayBars(t *testing.T) {
	h := sample.Hotel().PDD
	width, n := delaySpan(h, 56)
	bars, over := delayBars(h.Bins, width, n)
	got := over
	for _, v := range bars {
		got += v
	}
	if got < float64(h.N)-0.01 || got > float64(h.N)+0.01 {
		t.Errorf("bars hold %.2f, want %d", got, h.N)
	}
	if top := width * float64(n); top < float64(h.P99) {
		t.Errorf("axis ends at %v ms, before p99 %d", top, h.P99)
	}
}

func TestSteps(t *testing.T) {
	for _, c := range []struct {
		max  float64
		last float64
	}{{788, 800}, {1, 1}, {0, 1}, {3, 3}, {1.01e9, 1.5e9}, {37, 40}} {
		got := countSteps(c.max, 5)
		if len(got) < 2 || got[len(got)-1] != c.last {
			t.Errorf("steps to %v: %v, want the last %v", c.max, got, c.last)
		}
	}
}

func BenchmarkPNG(b *testing.B) {
	for _, n := range Names() {
		f := figure(b, n, sample.Hotel())
		b.Run(n, func(b *testing.B) {
			for b.Loop() {
				render(b, f, "png", Options{})
			}
		})
	}
}
