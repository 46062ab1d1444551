package charts

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"slices"
	"sync"

	"git.sr.ht/~sbinet/gg"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
)

// canvases are pictures to draw on, kept for the next chart: of the time of a
// report's charts, two thirds went into fetching and copying fresh memory (11 MB
// a picture, three times each) where these are drawn over.
var canvases = sync.Pool{New: func() any { return new(canvas) }}

// canvas is the memory of one picture.
type canvas struct {
	rgba    image.RGBA
	indexed []uint8
	encoder png.EncoderBuffer
}

// Get and Put make the canvas the encoder's pool of one.
func (c *canvas) Get() *png.EncoderBuffer  { return &c.encoder }
func (c *canvas) Put(b *png.EncoderBuffer) {}

// sized gives the picture w×h pixels, of whatever colours.
func (c *canvas) sized(w, h int) *image.RGBA {
	if n := 4 * w * h; cap(c.rgba.Pix) < n {
		c.rgba.Pix = make([]uint8, n)
	}
	c.rgba.Pix, c.rgba.Stride, c.rgba.Rect = c.rgba.Pix[:4*w*h], 4*w, image.Rect(0, 0, w, h)
	return &c.rgba
}

// writePNG draws shapes with gonum's canvas and text glyph by glyph at places
// between pixels, since the canvas' own text goes through an image transform
// that blurs it and kerns for the wrong size.
func (p *paper) writePNG(w io.Writer, opt Options) error {
	dpi := int(72*opt.Scale + 0.5) // so that one point of the canvas is one CSS pixel
	pixels := func(v float64) int { return int(v/72*float64(dpi) + 0.5) }
	mem := canvases.Get().(*canvas)
	defer canvases.Put(mem)
	img := mem.sized(pixels(p.w), pixels(p.h))
	ctx := gg.NewContextForRGBA(img) // vgimg would make a copy of the picture
	ctx.SetLineCapButt()
	ctx.InvertY()
	c := vgimg.NewWith(vgimg.UseImageWithContext(img, ctx), vgimg.UseDPI(dpi))
	pen := newPen(p.face, float64(dpi)/72, img)
	for _, o := range p.ops {
		col := rgb(hex(o.ink, opt.Dark))
		col.A = uint8(o.alpha*255 + 0.5)
		if o.kind == opText {
			pen.write(o, p.left(o), col)
			continue
		}
		if r, ok := o.pixels(float64(dpi) / 72); ok && col.A == 255 {
			draw.Draw(img, r, image.NewUniform(col), image.Point{}, draw.Src)
			continue
		}
		path := make(vg.Path, 0, len(o.pts)+1)
		for i, q := range o.pts {
			at := vg.Point{X: vg.Length(q.x), Y: vg.Length(p.h - q.y)}
			if i == 0 || o.kind == opLines && i%2 == 0 {
				path.Move(at)
			} else {
				path.Line(at)
			}
		}
		c.SetColor(col)
		if o.kind == opFill {
			path.Close()
			c.Fill(path)
			continue
		}
		c.SetLineWidth(vg.Length(o.width))
		c.SetLineDash(dashes(o), 0)
		c.Stroke(path)
	}
	e := png.Encoder{BufferPool: mem}
	return e.Encode(w, mem.paletted())
}

// paletted keeps the 256 most frequent colours and gives the others, all of them
// edges of letters and lines, the nearest one. Nobody sees a difference, and the
// file is a third of the size and of the time.
func (c *canvas) paletted() *image.Paletted {
	src := &c.rgba
	w, h := src.Rect.Dx(), src.Rect.Dy()
	row := func(y int) []uint8 { return src.Pix[y*src.Stride : y*src.Stride+4*w] }
	// Half of all rows are as the one above, and a run of one colour is long.
	counts := map[uint32]int{}
	for y := 0; y < h; {
		same := 1
		for y+same < h && bytes.Equal(row(y), row(y+same)) {
			same++
		}
		runs(row(y), func(color uint32, _, n int) { counts[color] += n * same })
		y += same
	}
	index, colors := nearest(counts)
	if cap(c.indexed) < w*h {
		c.indexed = make([]uint8, w*h)
	}
	dst := &image.Paletted{Pix: c.indexed[:w*h], Stride: w, Rect: src.Rect, Palette: colors}
	for y := range h {
		to := dst.Pix[y*w : (y+1)*w]
		if y > 0 && bytes.Equal(row(y), row(y-1)) {
			copy(to, dst.Pix[(y-1)*w:])
			continue
		}
		runs(row(y), func(color uint32, at, n int) {
			nr := index[color]
			for i := range to[at : at+n] {
				to[at+i] = nr
			}
		})
	}
	return dst
}

// runs calls f for each stretch of one colour of a row of pixels: where it
// begins and how many they are.
func runs(row []uint8, f func(color uint32, at, n int)) {
	first, last := 0, binary.BigEndian.Uint32(row)>>8
	n := len(row) / 4
	for i := 1; i < n; i++ {
		if c := binary.BigEndian.Uint32(row[4*i:]) >> 8; c != last {
			f(last, first, i-first)
			first, last = i, c
		}
	}
	f(last, first, n-first)
}

// nearest gives each colour its place in a palette of at most 256.
func nearest(counts map[uint32]int) (map[uint32]uint8, color.Palette) {
	all := make([]uint32, 0, len(counts))
	for c := range counts {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	kept := all[:min(256, len(all))]
	var colors color.Palette
	index := map[uint32]uint8{}
	for i, c := range kept {
		colors = append(colors, color.RGBA{uint8(c >> 16), uint8(c >> 8), uint8(c), 255})
		index[c] = uint8(i)
	}
	for _, c := range all[len(kept):] {
		best, least := 0, 1<<30
		for i, k := range kept {
			r, g, b := int(c>>16)-int(k>>16), int(c>>8&255)-int(k>>8&255), int(c&255)-int(k&255)
			if d := r*r + g*g + b*b; d < least {
				best, least = i, d
			}
		}
		index[c] = uint8(best)
	}
	return index, colors
}

func dashes(o op) []vg.Length {
	if o.dash == 0 {
		return nil
	}
	return []vg.Length{vg.Length(o.dash), vg.Length(o.dash)}
}

// pixels gives the whole pixels of an upright rectangle or line: they are sharp
// that way, and most of a chart is made of them.
func (o op) pixels(scale float64) (image.Rectangle, bool) {
	round := func(v float64) int { return int(v*scale + 0.5) }
	switch {
	case o.kind == opFill && len(o.pts) == 4 && o.pts[0].y == o.pts[1].y && o.pts[1].x == o.pts[2].x &&
		o.pts[2].y == o.pts[3].y && o.pts[3].x == o.pts[0].x:
		r := image.Rect(round(o.pts[0].x), round(o.pts[0].y), round(o.pts[2].x), round(o.pts[2].y))
		// A bar of one call is still a bar.
		r.Max.X, r.Max.Y = max(r.Max.X, r.Min.X+1), max(r.Max.Y, r.Min.Y+1)
		return r, true
	case o.kind == opStroke && len(o.pts) == 2 && o.dash == 0:
		a, b, thick := o.pts[0], o.pts[1], max(1, round(o.width))
		switch {
		case a.y == b.y:
			y := round(a.y - o.width/2)
			return image.Rect(round(min(a.x, b.x)), y, round(max(a.x, b.x)), y+thick), true
		case a.x == b.x:
			x := round(a.x - o.width/2)
			return image.Rect(x, round(min(a.y, b.y)), x+thick, round(max(a.y, b.y))), true
		}
	}
	return image.Rectangle{}, false
}

// left is where a text begins.
func (p *paper) left(o op) float64 {
	switch w := p.face.advances(o.text, o.size, o.bold, nil); o.anchor {
	case middle:
		return o.pts[0].x - w/2
	case end:
		return o.pts[0].x - w
	}
	return o.pts[0].x
}

// pen writes text on an image.
type pen struct {
	face  *typeface
	scale float64
	img   draw.Image
	faces map[penFace]font.Face
}

type penFace struct {
	size float64
	bold bool
}

func newPen(face *typeface, scale float64, img draw.Image) *pen {
	return &pen{face, scale, img, map[penFace]font.Face{}}
}

func (n *pen) write(o op, x float64, col color.Color) {
	k := penFace{o.size, o.bold}
	face := n.faces[k]
	if face == nil {
		// NewFace has no error to give: the font is parsed already.
		face, _ = opentype.NewFace(n.face.weight(o.bold), &opentype.FaceOptions{Size: o.size * n.scale, DPI: 72})
		n.faces[k] = face
	}
	src := image.NewUniform(col)
	fix := func(v float64) fixed.Int26_6 { return fixed.Int26_6(v*n.scale*64 + 0.5) }
	// The base line is on a whole pixel, so that all feet of a line are equally sharp.
	y := fixed.I(fix(o.pts[0].y).Round())
	n.face.advances(o.text, o.size, o.bold, func(r rune, dx float64) {
		dr, mask, maskp, _, _ := face.Glyph(fixed.Point26_6{X: fix(x + dx), Y: y}, r)
		if mask != nil {
			draw.DrawMask(n.img, dr, src, image.Point{}, mask, maskp, draw.Over)
		}
	})
}
