package charts

import (
	"fmt"
	"os"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font/liberation"
)

// typeface is a family of two weights; a font of the user has one file and both
// weights are that.
type typeface struct {
	regular, bold *opentype.Font
	family        string // for SVG
	file          []byte // of a user's font
	trueType      bool   // glyf outlines in a single-font file: PDF can embed it
}

// liberationSans is parsed once, before the first rendering: figures render side
// by side and only read it.
var liberationSans = sync.OnceValue(func() *typeface {
	t := &typeface{family: "Liberation Sans", trueType: true}
	for _, f := range liberation.Collection() {
		if f.Font.Variant != "Sans" || f.Font.Style != font.StyleNormal {
			continue
		}
		if f.Font.Weight == font.WeightBold {
			t.bold = f.Face
		} else {
			t.regular = f.Face
		}
	}
	return t
})

var userFonts sync.Map // path -> *typeface

// loadFont gives the built-in face for "" and else reads a TTF, OTF or the first
// font of a TTC, once per path.
func loadFont(path string) (*typeface, error) {
	if path == "" {
		return liberationSans(), nil
	}
	if t, ok := userFonts.Load(path); ok {
		return t.(*typeface), nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	// Aligned anew as well: the parser refuses collections that are not.
	if data, err = firstOfCollection(data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	coll, err := opentype.ParseCollection(data)
	if err != nil {
		return nil, fmt.Errorf("%s: no TTF, OTF or TTC font: %w", path, err)
	}
	f, err := coll.Font(0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	t := &typeface{regular: f, bold: f, file: data, trueType: string(data[:4]) == "\x00\x01\x00\x00"}
	if t.family, err = f.Name(nil, sfnt.NameIDFamily); err != nil {
		t.family = "sans-serif"
	}
	userFonts.Store(path, t)
	return t, nil
}

func (t *typeface) weight(bold bool) *opentype.Font {
	if bold {
		return t.bold
	}
	return t.regular
}

// firstWide is where the scripts begin whose characters are square.
const firstWide = 0x2E80

// advances walks the text with the kerning that belongs to the size. The
// opentype package's own Kern answers in units of the em whatever the size,
// which is why its text runs together at small sizes.
func (t *typeface) advances(s string, size float64, bold bool, each func(r rune, x float64)) float64 {
	f := t.weight(bold)
	var buf sfnt.Buffer
	em := fixed.Int26_6(f.UnitsPerEm())
	scale := size / float64(em)
	x, prev, started := 0.0, sfnt.GlyphIndex(0), false
	for _, r := range s {
		g, err := f.GlyphIndex(&buf, r)
		if err != nil {
			continue
		}
		if started {
			if k, err := f.Kern(&buf, prev, g, em, font.HintingNone); err == nil {
				x += float64(k) * scale
			}
		}
		if each != nil {
			each(r, x)
		}
		if a, err := f.GlyphAdvance(&buf, g, em, font.HintingNone); err == nil && (g != 0 || r < firstWide) {
			x += float64(a) * scale
		} else {
			x += size // another font draws it, in a square
		}
		prev, started = g, true
	}
	return x
}

// lacks lists the runes of s that the face has no glyph for.
func (t *typeface) lacks(s string) []rune {
	var buf sfnt.Buffer
	var missing []rune
	for _, r := range s {
		if g, err := t.regular.GlyphIndex(&buf, r); err != nil || g == 0 {
			missing = append(missing, r)
		}
	}
	return missing
}
