package charts

import (
	"bytes"
	"cmp"
	"io"
	"time"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"codeberg.org/go-pdf/fpdf"
)

// cssPoint is a CSS pixel in points: 1/96 inch.
const cssPoint = 72.0 / 96

// pdfDate stands in every file, so that the same chart is the same file.
var pdfDate = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// writePDF writes one page. It goes to the PDF library itself because gonum's
// PDF canvas writes text in code page 1252 and whole fonts; this embeds the
// glyphs used, in Unicode. A font that PDF cannot embed that way (OTF outlines,
// TTC) makes the page a picture.
func (p *paper) writePDF(w io.Writer, fig Figure, opt Options) error {
	doc := fpdf.NewCustom(&fpdf.InitType{UnitStr: "pt", Size: fpdf.SizeType{Wd: p.w * cssPoint, Ht: p.h * cssPoint}})
	doc.SetCreationDate(pdfDate)
	doc.SetModificationDate(pdfDate)
	doc.SetCatalogSort(true)
	doc.SetTitle(p.said(fig.Title), true)
	doc.SetSubject(p.said(fig.Alt), true)
	doc.SetProducer("callsift", true)
	doc.SetMargins(0, 0, 0)
	doc.SetAutoPageBreak(false, 0)
	doc.AddPage()
	if !p.face.trueType {
		if err := p.pdfPicture(doc, opt); err != nil {
			return err
		}
		return doc.Output(w)
	}
	p.face.embed(doc)
	for _, o := range p.ops {
		p.pdfOp(doc, o, opt)
	}
	return doc.Output(w)
}

// embed gives a document the face as its font "sans", regular and bold.
func (t *typeface) embed(doc *fpdf.Fpdf) {
	regular, bold := liberationsansregular.TTF, liberationsansbold.TTF
	if t.file != nil {
		regular, bold = t.file, t.file
	}
	// The library writes into the slices it is given.
	doc.AddUTF8FontFromBytes("sans", "", bytes.Clone(regular))
	doc.AddUTF8FontFromBytes("sans", "B", bytes.Clone(bold))
}

// Embed gives a document the font "sans", regular and bold: that of a file, or
// Liberation Sans. ok is false, and the font Liberation Sans, where PDF cannot hold
// that of the file: one with OpenType outlines.
func Embed(doc *fpdf.Fpdf, file string) (ok bool, err error) {
	face, err := loadFont(file)
	if err != nil {
		return false, err
	}
	if ok = face.trueType; !ok {
		face = liberationSans()
	}
	face.embed(doc)
	return ok, nil
}

// Embeddable tells that PDF can hold a font file.
func Embeddable(file string) bool {
	face, err := loadFont(file)
	return err == nil && face.trueType
}

// Lacks lists the characters of a text for which a font file, or Liberation Sans, has
// no glyph.
func Lacks(text, file string) ([]rune, error) {
	face, err := loadFont(file)
	if err != nil {
		return nil, err
	}
	return face.lacks(text), nil
}

// Print draws a figure on a page of a PDF whose unit is the point and which has
// the font of Embed: its left upper corner at x and y, as wide as told. It gives the
// height that it takes.
func Print(doc *fpdf.Fpdf, fig Figure, opt Options, x, y, width float64) (height float64, err error) {
	opt, err = Options{Width: printedWide, Height: printedHigh(fig), Lang: opt.Lang, Font: opt.Font}.filled(fig)
	if err != nil {
		return 0, err
	}
	p, err := layout(fig, opt)
	if err != nil {
		return 0, err
	}
	scale := width / (p.w * cssPoint)
	doc.TransformBegin()
	doc.TransformTranslate(x, y)
	doc.TransformScale(100*scale, 100*scale, 0, 0)
	for _, o := range p.ops {
		p.pdfOp(doc, o, opt)
	}
	doc.TransformEnd()
	// The page has its colours of before again, which the library does not know: it
	// would leave out those of a text in the colour of the last bar.
	doc.SetFillColor(255, 255, 255)
	doc.SetDrawColor(0, 0, 0)
	doc.SetAlpha(1, "Normal")
	doc.SetLineWidth(0.6)
	doc.SetDashPattern(nil, 0)
	return PrintedHeight(fig, width), doc.Error()
}

// PrintedHeight is how high a figure of a width is on a page.
func PrintedHeight(fig Figure, width float64) float64 {
	return width * float64(printedHigh(fig)) / printedWide
}

// printedWide is the width of a figure that is drawn on a page of paper: its letters
// are as large as those of the page then, and three fit below one another.
const printedWide = 1000

func printedHigh(fig Figure) int { return cmp.Or(fig.height, 420) }

func (p *paper) pdfPicture(doc *fpdf.Fpdf, opt Options) error {
	var b bytes.Buffer
	opt.Scale = 4
	if err := p.writePNG(&b, opt); err != nil {
		return err
	}
	how := fpdf.ImageOptions{ImageType: "png"}
	doc.RegisterImageOptionsReader("chart", how, &b)
	doc.ImageOptions("chart", 0, 0, p.w*cssPoint, p.h*cssPoint, false, how, 0, "")
	return doc.Error()
}

func (p *paper) pdfOp(doc *fpdf.Fpdf, o op, opt Options) {
	c := rgb(hex(o.ink, opt.Dark))
	doc.SetAlpha(o.alpha, "Normal")
	if o.kind == opText {
		weight := ""
		if o.bold {
			weight = "B"
		}
		doc.SetTextColor(int(c.R), int(c.G), int(c.B))
		doc.SetFont("sans", weight, o.size*cssPoint)
		x := o.pts[0].x * cssPoint
		switch o.anchor {
		case middle:
			x -= doc.GetStringWidth(o.text) / 2
		case end:
			x -= doc.GetStringWidth(o.text)
		}
		doc.Text(x, o.pts[0].y*cssPoint, o.text)
		return
	}
	doc.SetFillColor(int(c.R), int(c.G), int(c.B))
	doc.SetDrawColor(int(c.R), int(c.G), int(c.B))
	for i, q := range o.pts {
		if i == 0 || o.kind == opLines && i%2 == 0 {
			doc.MoveTo(q.x*cssPoint, q.y*cssPoint)
		} else {
			doc.LineTo(q.x*cssPoint, q.y*cssPoint)
		}
	}
	if o.kind == opFill {
		doc.ClosePath()
		doc.DrawPath("F")
		return
	}
	doc.SetLineWidth(o.width * cssPoint)
	doc.SetDashPattern([]float64{o.dash * cssPoint, o.dash * cssPoint}[:2*min(1, int(o.dash))], 0)
	doc.DrawPath("D")
}
