package main

import (
	"context"
	"fmt"
	"time"

	"callsift/store"
)

// sourceNotes is what there is to say about sources beside their ledger rows.
type sourceNotes struct {
	clocks  map[int64]store.Clock
	gaps    map[int64][]store.Gap
	remarks map[string][]store.Warning // by path
	paths   map[int64]string
}

func readSourceNotes(ctx context.Context, db *store.DB, list []store.Source) (n sourceNotes, err error) {
	if n.clocks, err = db.Clocks(ctx); err != nil {
		return n, err
	}
	if n.gaps, err = db.Gaps(ctx); err != nil {
		return n, err
	}
	warnings, err := db.Warnings(ctx)
	if err != nil {
		return n, err
	}
	n.remarks, n.paths = map[string][]store.Warning{}, map[int64]string{}
	for _, w := range warnings {
		n.remarks[w.Path] = append(n.remarks[w.Path], w)
	}
	for i := range list {
		n.paths[list[i].ID] = list[i].Path
	}
	return n, nil
}

// note is the whole in a few words.
func (n *sourceNotes) note(s *store.Source) string {
	text := joinTexts(s.Note, n.clock(s.ID))
	gaps, back := 0, 0
	var longest time.Duration
	for _, g := range n.gaps[s.ID] {
		if g.Back {
			back++
			continue
		}
		gaps++
		longest = max(longest, time.Duration(g.To-g.From)*time.Microsecond)
	}
	if gaps > 0 {
		text = joinTexts(text, fmt.Sprintf("%s, the longest %s", plural(gaps, "gap"), longest.Round(time.Second)))
	}
	if back > 0 {
		text = joinTexts(text, "times go back in "+plural(back, "place"))
	}
	if k := len(n.remarks[s.Path]); k > 0 {
		text = joinTexts(text, plural(k, "remark"))
	}
	return text
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// clock says how a source's clock stands to others; empty: like theirs.
func (n *sourceNotes) clock(source int64) string {
	c := n.clocks[source]
	if c.Ahead == 0 {
		return ""
	}
	way, by := "ahead of", time.Duration(c.Ahead)*time.Microsecond
	if c.Ahead < 0 {
		way, by = "behind", -by
	}
	text := fmt.Sprintf("clock %s %s %s (%s messages of both)", by, way, n.paths[c.Against], count(c.N))
	if c.How == "records" {
		text = fmt.Sprintf("records %s %s the SIP of the same numbers (%s calls)", by, way, count(c.N))
	}
	if by%(15*time.Minute) == 0 {
		text += ": as a wrong zone makes it"
	}
	if c.Applied == 0 {
		text += "; not allowed for"
	}
	return text
}

// sheet lists everything with its lines.
func (n *sourceNotes) sheet(list []store.Source) *sheet {
	t := newSheet("source", "line>", "remark~")
	for i := range list {
		s := &list[i]
		if text := n.clock(s.ID); text != "" {
			t.add(s.Path, "", text)
		}
		for _, g := range n.gaps[s.ID] {
			text := fmt.Sprintf("no times from %s to %s UTC (%s)", whole(g.From), whole(g.To), (time.Duration(g.To-g.From) * time.Microsecond).Round(time.Second))
			if g.Back {
				text = fmt.Sprintf("the times go back from %s to %s UTC (%s)", whole(g.From), whole(g.To), (time.Duration(g.From-g.To) * time.Microsecond).Round(time.Second))
			}
			t.add(s.Path, count(g.Line), text)
		}
		for _, w := range n.remarks[s.Path] {
			line := ""
			if w.Line > 0 {
				line = count(w.Line)
			}
			t.add(s.Path, line, w.Text)
		}
	}
	return t
}

func joinTexts(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}
