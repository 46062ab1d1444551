package charts

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// writeSVG writes one standalone or inlinable <svg> of the figure: a title and a
// description for screen readers, a background of its own, text as text, and
// what the pointer shows as <title> of a group.
func (p *paper) writeSVG(w io.Writer, fig Figure, opt Options) error {
	id := opt.ID
	if id == "" {
		id = fig.Name
	}
	id = escape(id)
	// What holds links is no picture to a screen reader, or it would not find them.
	role, links := "img", p.links(opt)
	if links > 0 {
		role = "group"
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="%s" aria-labelledby="%s-t %s-d"`,
		num(p.w), num(p.h), num(p.w), num(p.h), role, id, id)
	fmt.Fprintf(&b, ` font-family="%s">`+"\n", escape(families(p.face.family)))
	fmt.Fprintf(&b, "<title id=\"%s-t\">%s</title>\n<desc id=\"%s-d\">%s</desc>\n", id, escape(p.lang.Say(fig.Title)), id, escape(p.lang.Say(fig.Alt)))
	tip, where, end := "", "", ""
	for _, o := range p.ops {
		if o.tip != tip || o.where != where {
			b.WriteString(end)
			tip, where, end = o.tip, o.where, ""
			switch {
			case where != "" && links > 0:
				// Many links are for the pointer; a table beside has them for the keyboard.
				skip := ""
				if links > 40 {
					skip = ` tabindex="-1"`
				}
				fmt.Fprintf(&b, `<a href="%s" data-where="%s"%s><title>%s</title>`+"\n", escape(linkTarget(where)), escape(where), skip, escape(tip))
				end = "</a>\n"
			case tip != "":
				fmt.Fprintf(&b, "<g><title>%s</title>\n", escape(tip))
				end = "</g>\n"
			}
		}
		p.svgOp(&b, o, opt)
	}
	b.WriteString(end)
	b.WriteString("</svg>\n")
	_, err := w.Write(b.Bytes())
	return err
}

// links counts the links of the figure, if it is to have any.
func (p *paper) links(opt Options) int {
	n := 0
	for i, o := range p.ops {
		if opt.Links && o.where != "" && (i == 0 || p.ops[i-1].where != o.where) {
			n++
		}
	}
	return n
}

// linkTarget is the place of the page: an anchor, or the list of calls.
func linkTarget(where string) string {
	if strings.HasPrefix(where, "#") {
		return where
	}
	return "#calls"
}

func families(first string) string {
	if strings.ContainsAny(first, ` `) {
		first = "'" + strings.ReplaceAll(first, "'", "") + "'"
	}
	return first + ", Arial, Helvetica, sans-serif"
}

func (p *paper) svgOp(b *bytes.Buffer, o op, opt Options) {
	paint := hex(o.ink, opt.Dark)
	if opt.Variables {
		paint = fmt.Sprintf("var(--cs-%s,%s)", o.ink, paint)
	}
	opacity := func(of string) string {
		if o.alpha == 1 {
			return ""
		}
		return fmt.Sprintf(` %s-opacity="%s"`, of, num(o.alpha))
	}
	switch o.kind {
	case opText:
		fmt.Fprintf(b, `<text x="%s" y="%s" font-size="%s" fill="%s"`, num(o.pts[0].x), num(o.pts[0].y), num(o.size), paint)
		if o.bold {
			b.WriteString(` font-weight="bold"`)
		}
		if o.anchor != start {
			fmt.Fprintf(b, ` text-anchor="%s"`, [...]string{"start", "middle", "end"}[o.anchor])
		}
		// Where a machine has none of the fonts, another one takes no more room.
		if len(o.text) > 2 {
			fmt.Fprintf(b, ` textLength="%s" lengthAdjust="spacingAndGlyphs"`, num(p.face.advances(o.text, o.size, o.bold, nil)))
		}
		fmt.Fprintf(b, ">%s</text>\n", escape(o.text))
	case opFill:
		if len(o.pts) == 4 && o.pts[0].y == o.pts[1].y && o.pts[0].x == o.pts[3].x && o.pts[1].x == o.pts[2].x {
			fmt.Fprintf(b, `<rect x="%s" y="%s" width="%s" height="%s" fill="%s"%s/>`+"\n", num(o.pts[0].x), num(o.pts[0].y),
				num(o.pts[2].x-o.pts[0].x), num(o.pts[2].y-o.pts[0].y), paint, opacity("fill"))
			return
		}
		fmt.Fprintf(b, `<path d="%sZ" fill="%s"%s/>`+"\n", o.pathData(), paint, opacity("fill"))
	case opStroke, opLines:
		fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-width="%s"%s`, o.pathData(), paint, num(o.width), opacity("stroke"))
		if o.dash > 0 {
			fmt.Fprintf(b, ` stroke-dasharray="%s"`, num(o.dash))
		}
		b.WriteString("/>\n")
	}
}

func (o op) pathData() string {
	var b strings.Builder
	for i, q := range o.pts {
		if i == 0 || o.kind == opLines && i%2 == 0 {
			b.WriteByte('M')
		} else {
			b.WriteByte('L')
		}
		b.WriteString(num(q.x) + " " + num(q.y))
	}
	return b.String()
}

// num is a length with at most two decimals.
func num(v float64) string {
	s := strconv.FormatFloat(v, 'f', 2, 64)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	if s == "-0" {
		return "0"
	}
	return s
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

// escape makes text fit for XML. All text has gone through show.Clean on its way
// here or does so now: XML has no place for control characters.
func escape(s string) string { return escaper.Replace(cleaned(s)) }
