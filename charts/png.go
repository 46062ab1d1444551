package charts

import (
	"bytes"
	"cmp"
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

// writePNG draws shapes with gonum's canvas and text glyph by glyph at places
// between pixels, since the canvas' own text goes through an image transform
// that blurs it and kerns for the wrong size.
func (p *paper) writePNG(w io.Writer, opt Options) error {
	dpi := int(72*opt.Scale + 0.5) // so that one point of the canvas is one CSS pixel
	img := newImage(dots(p.w, dpi), dots(p.h, dpi))
	defer images.Put(img)
	c := canvasOn(img, dpi)
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
	// Against the usual level: a tenth of a report's time for a tenth of the pictures' bytes.
	e := png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: &encoders}
	return e.Encode(w, paletted(img))
}

// images are drawn on again: of a report's eleven charts, each of eleven megabytes
// of pixels, two thirds of the time went into memory that the system cleared and
// the canvas copied.
var images sync.Pool

func newImage(width, height int) *image.RGBA {
	r := image.Rect(0, 0, width, height)
	if old, ok := images.Get().(*image.RGBA); ok && cap(old.Pix) >= 4*width*height {
		return &image.RGBA{Pix: old.Pix[:4*width*height], Stride: 4 * width, Rect: r}
	}
	return image.NewRGBA(r)
}

// encoders are the encoder's tables, a megabyte each, for the next picture.
var encoders encoderPool

type encoderPool struct{ pool sync.Pool }

func (p *encoderPool) Get() *png.EncoderBuffer {
	b, _ := p.pool.Get().(*png.EncoderBuffer)
	return b
}

func (p *encoderPool) Put(b *png.EncoderBuffer) { p.pool.Put(b) }

// dots is how many pixels of the image a length in CSS pixels takes.
func dots(length float64, dpi int) int { return int(length/72*float64(dpi) + 0.5) }

// canvasOn is gonum's canvas on an image, which it paints white; by its own
// options it would draw on a copy.
func canvasOn(img *image.RGBA, dpi int) *vgimg.Canvas {
	ctx := gg.NewContextForRGBA(img)
	ctx.SetLineCapButt()
	ctx.InvertY()
	return vgimg.NewWith(vgimg.UseImageWithContext(img, ctx), vgimg.UseDPI(dpi))
}

// paletted keeps the 256 most frequent colours and gives the others, all of them
// edges of letters and lines, the nearest one. Nobody sees a difference, and the
// file is a third of the size and of the time. Most rows of a chart are like the
// row above and are not looked at pixel by pixel. The result takes the place of
// src, whose memory is at hand: a pixel's byte is never ahead of its colour.
func paletted(src *image.RGBA) *image.Paletted {
	counts := map[uint32]int{}
	eachRow(src, func(row []byte, _, n int) {
		run, last := 0, colorAt(row, 0)
		for i := 0; i < len(row); i += 4 {
			if c := colorAt(row, i); c != last {
				counts[last] += run * n
				run, last = 0, c
			}
			run++
		}
		counts[last] += run * n
	})
	index, colors := nearest(counts)
	dst := &image.Paletted{Pix: src.Pix, Stride: src.Rect.Dx(), Rect: src.Rect, Palette: colors}
	eachRow(src, func(row []byte, y, n int) {
		line := dst.Pix[y*dst.Stride : (y+1)*dst.Stride]
		last, nr := colorAt(row, 0), index[colorAt(row, 0)]
		for i := range line {
			if c := colorAt(row, i*4); c != last {
				last, nr = c, index[c]
			}
			line[i] = nr
		}
		for k := 1; k < n; k++ {
			copy(dst.Pix[(y+k)*dst.Stride:], line)
		}
	})
	return dst
}

func colorAt(row []byte, i int) uint32 {
	p := row[i : i+4 : i+4]
	return uint32(p[0])<<16 | uint32(p[1])<<8 | uint32(p[2])
}

// eachRow hands out the rows of an image, of n equal ones in succession the first.
func eachRow(img *image.RGBA, f func(row []byte, y, n int)) {
	height := img.Rect.Dy()
	for y := 0; y < height; {
		row, n := img.Pix[y*img.Stride:(y+1)*img.Stride], 1
		for y+n < height && bytes.Equal(row, img.Pix[(y+n)*img.Stride:(y+n+1)*img.Stride]) {
			n++
		}
		f(row, y, n)
		y += n
	}
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
