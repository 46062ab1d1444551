package analyze

// Somebody who gets no through dials again: twenty failures in ten minutes are
// one wish, and say no more about a caller's trouble than one. So what one caller
// suffers is searched for in wishes, and told in calls.

// wish is what redialling repeats: the same caller and number, gone wrong in the
// same way in the same quarter hour.
type wish struct {
	caller, callee string
	mode           mode
	quarter        int64
}

// newSourceGrid counts the wishes of one symptom by caller, as far as calls were
// read one by one.
func newSourceGrid(d Data, q Query, s symptom) *grid {
	g := gridOf(byCaller(d, q, s, true), q, s, true)
	if g != nil {
		g.told = gridOf(byCaller(d, q, s, false), q, s, true)
	}
	return g
}

// byCaller is the data with a cell a call or a wish, and of the past what was
// read one by one.
func byCaller(d Data, q Query, s symptom, once bool) Data {
	q.Scope, q.Period = s.scope, Period{} // of the past too
	cells := func(d Data) Data {
		d = withCallers(d, "source")
		if once {
			d.Cells = wishesOf(d, selectFrom(d, q, q.headline()), s)
		}
		return d
	}
	out := cells(d)
	out.Past = nil
	for _, p := range d.Past {
		if p.Calls != nil {
			out.Past = append(out.Past, Past{p.Period, cells(p.Data)})
		}
	}
	return out
}

// wishesOf are the selected calls as cells without those that repeat a failed one.
func wishesOf(d Data, sel *selection, s symptom) []Cell {
	seen := map[wish]bool{}
	var cells []Cell
	for _, c := range d.Calls {
		p := sel.profile(c.Profile, c.Start, c.Caller)
		if p == nil {
			continue
		}
		cell := cellOf(c, p)
		if x, _ := s.counts(cell.Cell, p); x > 0 && c.Callee != "" {
			w := wish{c.Caller, c.Callee, modeOf(p), floor(c.Start, quarter)}
			if seen[w] {
				continue
			}
			seen[w] = true
		}
		cells = append(cells, cell)
	}
	return cells
}

// tellIn puts the counts of another grid, of the same strata, in place of those
// that the driver was found by.
func (d *driver) tellIn(g *grid) {
	d.g = g
	d.x, d.n, d.expected = g.lineOf(d.mode, d.keys).within(d.in)
}
