package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"callsift/analyze"
	"callsift/store"
	"callsift/store/codes"
)

func newExplainCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain CODE | explain q850 CAUSE | explain warning CODE | explain om ERR",
		Short: "What a response code or release cause means, and what to check first",
		Long: `Say what a SIP response code (503), a Q.850 release cause (q850 34), a SIP warning
code (warning 304) or an error of the New Rock OM API (om 5) means, what usually
causes it and what to check first. If there is a database, say how often it is in
there, and on which trunks.`,
		Example: "  callsift explain 503\n  callsift explain q850 34",
		Args:    wantArgs(1, 2, "CODE"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runExplain(cmd.Context(), a, args) },
	}
	return cmd
}

func runExplain(ctx context.Context, a *app, args []string) error {
	kind, value := "sip", args[0]
	if len(args) == 2 {
		kind, value = strings.ToLower(args[0]), args[1]
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		return usagef("explain: %q is not a number; try `callsift explain 503` or `callsift explain q850 34`", value)
	}
	switch kind {
	case "sip":
		return explainSIP(ctx, a, n)
	case "q850", "q.850":
		return explainQ850(ctx, a, n)
	case "warning":
		w, ok := codes.Warning(n)
		if !ok {
			return usagef("explain: %d is no registered SIP warning code: they are 300 to 399", n)
		}
		fmt.Fprintf(a.out, "Warning %d %s\n", w.Code, w.Name)
		paragraph(a.out, "Meaning", w.Meaning)
		paragraph(a.out, "Check first", w.FirstCheck)
		return nil
	case "om":
		e, ok := codes.OMError(n)
		if !ok {
			return usagef("explain: %d is no error of the OM API", n)
		}
		fmt.Fprintf(a.out, "New Rock OM API error %d: %s\n", e.Code, e.Name)
		paragraph(a.out, "Meaning", e.Meaning)
		paragraph(a.out, "Check first", e.FirstCheck)
		paragraph(a.out, "SIP code", fmt.Sprintf("%s (inferred: the event carries none)", codes.Label(e.SIP)))
		return nil
	}
	return usagef("explain: no table %q; tables are sip, q850, warning, om", args[0])
}

func explainSIP(ctx context.Context, a *app, n int) error {
	c, ok := codes.SIP(n)
	if !ok {
		return usagef("explain: %d is no SIP response code: they are 100 to 699; `callsift explain q850 %d` is about the release cause", n, n)
	}
	fmt.Fprintf(a.out, "%s — %s %s\n", codes.Label(n), c.Class, c.ClassName)
	if !c.Known {
		fmt.Fprintln(a.out, "Not in the registry: treated as the x00 code of its class (RFC 3261 §8.1.3.2).")
	}
	paragraph(a.out, "Meaning", c.Meaning)
	paragraph(a.out, "Check first", c.FirstCheck)
	paragraph(a.out, "Note", c.Note)
	if c.RFC != "" {
		paragraph(a.out, "Defined in", strings.TrimSpace(c.RFC+" §"+c.Section))
	}
	if c.Q850 > 0 {
		if q, ok := codes.Q850(c.Q850); ok {
			paragraph(a.out, "As Q.850", fmt.Sprintf("%d %s (RFC 3398)", q.Value, q.Name))
		}
	}
	return seenHere(ctx, a, analyze.Condition{Key: "code", Values: []string{strconv.Itoa(n)}})
}

func explainQ850(ctx context.Context, a *app, n int) error {
	q, ok := codes.Q850(n)
	if !ok {
		return usagef("explain: %d is no Q.850 cause: they are 1 to 127", n)
	}
	fmt.Fprintf(a.out, "Q.850 cause %d: %s\n", q.Value, q.Name)
	paragraph(a.out, "Meaning", q.Meaning)
	paragraph(a.out, "Check first", q.FirstCheck)
	paragraph(a.out, "Note", q.Note)
	if q.SIP != 0 {
		paragraph(a.out, "As SIP", codes.Label(q.SIP)+" (RFC 3398)")
	}
	return seenHere(ctx, a, analyze.Condition{Key: "cause_q850", Values: []string{strconv.Itoa(n)}})
}

// paragraph prints a label and its text, wrapped under it.
func paragraph(w io.Writer, label, text string) {
	if text == "" {
		return
	}
	const indent = 15
	fmt.Fprintf(w, "  %-*s%s\n", indent-2, label+":", wrap(clean(text), 78-indent, strings.Repeat(" ", indent)))
}

// seenHere says how often a code is in the database, if there is one.
func seenHere(ctx context.Context, a *app, c analyze.Condition) error {
	if _, err := os.Stat(a.dbPath()); err != nil && a.db == "" {
		return nil
	}
	db, err := store.OpenReader(a.dbPath())
	if err != nil {
		return err
	}
	defer db.Close()
	q := analyze.Query{Where: []analyze.Condition{c}, By: []string{"trunk"}}
	b, err := analyze.ReadBreakdown(ctx, db, q)
	if err != nil {
		return err
	}
	if b.Total.Count == 0 {
		fmt.Fprintf(a.out, "\nNot in %s.\n", clean(db.Path()))
		return nil
	}
	fmt.Fprintf(a.out, "\nIn %s: %s calls.\n", clean(db.Path()), count(b.Total.Count))
	s := newSheet("trunk", "calls>", "share>")
	for i, r := range b.Rows() {
		if i == 10 {
			break
		}
		s.add(append(appendKeys(nil, r.Keys), count(r.Count), percent(r.Count, b.Total.Count))...)
	}
	return s.write(a.out, "table")
}
