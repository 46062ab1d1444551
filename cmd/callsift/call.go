package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"callsift/ingest"
	"callsift/store"
	"callsift/store/codes"
)

type callOptions struct {
	tz  string
	raw bool
}

func newCallCommand(a *app) *cobra.Command {
	var opt callOptions
	cmd := &cobra.Command{
		Use:   "call [flags] ID",
		Short: "One call: what happened, its ladder, and where every message stands",
		Long: `Say in words what happened in a call, draw its messages as a ladder (a column a
host, a row a message, with time and distance), and list for every message the
file and line it was read from. ID is the id that ` + "`callsift calls`" + ` shows, or the
call's own: SIP Call-ID, Asterisk uniqueid, OM record id.`,
		Args: wantArgs(1, 1, "ID of a call"),
		RunE: func(cmd *cobra.Command, args []string) error { return runCall(cmd.Context(), a, opt, args[0]) },
	}
	cmd.Flags().StringVar(&opt.tz, "tz", "", "`ZONE` of the times shown (default UTC)")
	cmd.Flags().BoolVar(&opt.raw, "raw", false, "print the original bytes of every message from its source")
	return cmd
}

func runCall(ctx context.Context, a *app, opt callOptions, id string) error {
	sel := selectFlags{tz: opt.tz}
	zone, err := sel.zone()
	if err != nil {
		return err
	}
	if zone == nil {
		zone = time.UTC
	}
	db, done, err := a.openRead(ctx, nil, nil)
	if err != nil {
		return err
	}
	defer done()
	found, err := db.Find(ctx, id)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return noCall(id, db)
	}
	for i := range found {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		if err := a.showCall(ctx, db, &found[i], zone, opt.raw); err != nil {
			return err
		}
	}
	return nil
}

func noCall(id string, db *store.DB) error {
	return fmt.Errorf("no call %q in %s: `callsift calls` lists ids; a Call-ID or uniqueid must be whole", id, clean(db.Path()))
}

func (a *app) showCall(ctx context.Context, db *store.DB, c *store.Attempt, zone *time.Location, raw bool) error {
	steps, err := ingest.Trace(ctx, db, c)
	if err != nil {
		return err
	}
	if raw {
		return a.rawSteps(ctx, steps, zone)
	}
	legs, err := db.Legs(ctx, c)
	if err != nil {
		return err
	}
	story(a.out, c, legs, zone, 78)
	if err := a.joined(ctx, db, c); err != nil {
		return err
	}
	messages := slices.DeleteFunc(slices.Clone(steps), func(s ingest.Step) bool { return strings.HasPrefix(s.Text, "CDR") })
	if len(messages) > 0 {
		fmt.Fprintln(a.out)
		ladder(a.out, messages, zone)
	}
	fmt.Fprintln(a.out)
	return places(a.out, steps, zone)
}

// joined says how the parts of a call are known to belong together.
func (a *app) joined(ctx context.Context, db *store.DB, c *store.Attempt) error {
	parts, err := db.Parts(ctx, c)
	if err != nil {
		return err
	}
	for _, p := range parts[1:] {
		what := "Leg"
		if p.Kind == "cdr" {
			what = "Record"
		}
		fmt.Fprintf(a.out, "%s %s joined by %s, confidence %.2f.\n", what, clean(p.Key), ruleWords(p.Rule), p.Confidence)
	}
	return nil
}

// ruleWords are what a rule of joining goes by.
func ruleWords(rule string) string {
	switch rule {
	case "record":
		return "numbers and time"
	case "numbers":
		return "numbers, place and time"
	}
	return rule
}

// story tells a call in sentences made from its row, the long one in lines of a width.
func story(w io.Writer, c *store.Attempt, legs []store.Attempt, zone *time.Location, width int) {
	p := &c.Profile
	fmt.Fprintf(w, "%s  %s\n", c.CallID(), clean(ownID(c)))
	fmt.Fprintf(w, "%s: %s %s to %s", at(c.Start, zone), methodWords(p.Method), party(c.Caller, p.FromAddr), party(c.Callee, ""))
	if p.Trunk != "" {
		fmt.Fprintf(w, ", trunk %s", clean(p.Trunk))
	}
	if p.UserAgent != "" {
		fmt.Fprintf(w, ", from %s", clean(p.UserAgent))
	}
	fmt.Fprintln(w, ".")
	fmt.Fprintln(w, ending(c))
	if cause := causeSentence(p); cause != "" {
		fmt.Fprintln(w, cause)
	}
	if len(legs) > 1 {
		fmt.Fprintf(w, "%d attempts:\n", len(legs))
		for i := range legs {
			l := &legs[i]
			fmt.Fprintf(w, "  %d. %s %s → %s: %s\n", i+1, at(l.Start, zone), legEnd(l.Profile.FromAddr, l.Caller), legEnd(l.Profile.ToAddr, l.Callee), result(&l.Profile))
		}
	}
	if flags := p.Flags.Names(); len(flags) > 0 {
		fmt.Fprintf(w, "Marks: %s.\n", strings.Join(flags, ", "))
	}
	if code, ok := codes.SIP(cmp.Or(p.CauseCode, p.Code)); ok && p.Outcome == codes.Failed && code.FirstCheck != "" {
		fmt.Fprintln(w, wrap("Check first: "+code.FirstCheck, width, ""))
	}
}

func methodWords(method string) string {
	if method == "INVITE" {
		return "call from"
	}
	return method + " from"
}

func party(name, addr string) string {
	switch {
	case name == "" && addr == "":
		return "(unknown)"
	case name == "":
		return clean(addr)
	case addr == "" || addr == name:
		return clean(name)
	}
	return clean(name) + " (" + clean(addr) + ")"
}

// legEnd is one end of an attempt: its address, or the number where the record
// has none.
func legEnd(addr, number string) string {
	if addr == "" {
		return party(number, "")
	}
	return clean(addr)
}

// ending is the sentence about how it ended.
func ending(c *store.Attempt) string {
	p := &c.Profile
	var b strings.Builder
	switch p.Outcome {
	case codes.Answered:
		b.WriteString("Answered")
		if c.Setup >= 0 {
			fmt.Fprintf(&b, " after %s", duration(c.Setup))
		}
		if c.Talk >= 0 {
			fmt.Fprintf(&b, ", talked %s", duration(c.Talk))
		}
		if p.Released != "" {
			fmt.Fprintf(&b, ", ended by the %s", p.Released)
		}
	case codes.NotConnected:
		b.WriteString("Not connected; the record does not say why")
	default:
		b.WriteString(outcomeWords[p.Outcome])
		switch {
		case p.Code == codes.None:
			b.WriteString(": no response at all")
		case p.Code == codes.Unknown:
			fmt.Fprintf(&b, ": %s (the record carries no code)", clean(p.Reason))
		default:
			fmt.Fprintf(&b, ": %s", codes.Label(p.Code))
			if p.Reason != "" && !strings.HasSuffix(codes.Label(p.Code), p.Reason) {
				fmt.Fprintf(&b, " (%q)", clean(p.Reason))
			}
		}
		if c.Setup >= 0 {
			fmt.Fprintf(&b, " after %s", duration(c.Setup))
		}
		if p.Rang {
			b.WriteString("; it had rung")
		}
	}
	if p.Origin == codes.Inferred {
		b.WriteString(" (concluded, not seen)")
	}
	if c.PDD >= 0 {
		fmt.Fprintf(&b, ". First sign of life after %s", duration(c.PDD))
	}
	b.WriteByte('.')
	return b.String()
}

var outcomeWords = map[codes.Outcome]string{
	codes.User: "Not taken by the callee", codes.Abandoned: "Given up by the caller", codes.Failed: "Failed",
	codes.Redirected: "Redirected", codes.InProgress: "Not finished when the source ended", codes.CompletedElsewhere: "Answered elsewhere",
}

func causeSentence(p *store.Profile) string {
	var b strings.Builder
	if p.CauseCode != 0 && p.CauseCode != p.Code {
		fmt.Fprintf(&b, "Nearest the failure: %s", codes.Label(p.CauseCode))
	}
	if p.CauseQ850 > 0 {
		if b.Len() > 0 {
			b.WriteString(", ")
		} else {
			b.WriteString("Cause: ")
		}
		b.WriteString(clean(p.Cause))
	}
	if b.Len() == 0 {
		return ""
	}
	fmt.Fprintf(&b, " (%s).", p.CauseFrom)
	return b.String()
}

// places lists where every message or record stands.
func places(w io.Writer, steps []ingest.Step, zone *time.Location) error {
	s := newSheet("#>", "time", "message", "source")
	for i, st := range steps {
		text := st.Text
		if st.Detail != "" {
			text += "  " + st.Detail
		}
		s.add(fmt.Sprint(i+1), at(st.Time, zone), text, fmt.Sprintf("%s:%d", st.Path, st.Line))
	}
	return s.write(w, "table")
}

func (a *app) rawSteps(ctx context.Context, steps []ingest.Step, zone *time.Location) error {
	for i := range steps {
		s := &steps[i]
		fmt.Fprintf(a.out, "--- %d  %s  %s:%d offset %d\n", i+1, at(s.Time, zone), clean(s.Path), s.Line, s.Offset)
		raw, err := ingest.Raw(ctx, s)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			fmt.Fprintf(a.out, "(%s)\n", clean(err.Error()))
			continue
		}
		if _, err := fmt.Fprintf(a.out, "%s\n", strings.TrimRight(cleanLines(string(raw)), "\n")); err != nil {
			return err
		}
	}
	return nil
}

// cleanLines is clean for text of several lines.
func cleanLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = clean(strings.ReplaceAll(l, "\t", "    "))
	}
	return strings.Join(lines, "\n")
}
