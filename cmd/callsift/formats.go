package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"callsift/ingest"
)

type formatsOptions struct {
	format, tz, as string
	columns        []string
}

func newFormatsCommand(a *app) *cobra.Command {
	var opt formatsOptions
	cmd := &cobra.Command{
		Use:   "formats [flags] [FILE...]",
		Short: "The kinds of files that callsift reads; which one a file is, and why",
		Long: `List the kinds of files that callsift reads, in the order in which they are tried.
Proof says how sure their shape is: real files, source code of the producing
program, or its documentation.

Given FILEs, say of each which formats it is in, by which line that is known, what
its first three records mean, and which other formats find records in it. Nothing
is imported.

EXIT STATUS
  0  done     1  a FILE is of no known format or cannot be read     2  wrong usage`,
		Example: "  callsift formats --tz Europe/Berlin Master.csv",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, files []string) error {
			if len(files) > 0 {
				return runLook(cmd.Context(), a, opt, files)
			}
			return runFormats(a, opt.format)
		},
	}
	formatOption(cmd, &opt.format)
	cmd.Flags().StringVar(&opt.tz, "tz", "", "`ZONE` of times that do not name one")
	cmd.Flags().StringVar(&opt.as, "as", "", "read the FILEs as this `FORMAT`")
	cmd.Flags().StringSliceVar(&opt.columns, "columns", nil, "`NAME=COLUMN,...` of a table, as callsift import takes it")
	cmd.RegisterFlagCompletionFunc("as", cobra.FixedCompletions(formatNames(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

type formatJSON struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Kind        string `json:"kind"`
	Proof       string `json:"proof"`
	Example     string `json:"example"`
}

func runFormats(a *app, format string) error {
	if err := checkFormat(format); err != nil {
		return err
	}
	if format == "json" {
		list := []formatJSON{}
		for _, f := range ingest.Formats {
			list = append(list, formatJSON{f.Name, f.Description, f.Kind, f.Proof, f.Example})
		}
		return writeJSON(a.out, list)
	}
	s := newSheet("format", "kind", "what it is~", "proof", "example")
	for _, f := range ingest.Formats {
		example := f.Example
		if format == "table" {
			example, _, _ = strings.Cut(example, "\n")
			example = cut(example, 50)
		}
		s.add(f.Name, f.Kind, f.Description, f.Proof, example)
	}
	return s.write(a.out, format)
}

type lookJSON struct {
	Path    string       `json:"path"`
	Formats []string     `json:"formats"`
	Packed  string       `json:"packed"`
	Problem string       `json:"problem"`
	Why     []whyJSON    `json:"why"`
	Near    []nearJSON   `json:"near"`
	Records []recordJSON `json:"records"`
}

type whyJSON struct {
	Format string `json:"format"`
	Line   int    `json:"line"`
	Text   string `json:"text"`
}

type nearJSON struct {
	Format   string `json:"format"`
	Records  int    `json:"records"`
	Rejected int    `json:"rejected"`
	Reason   string `json:"reason"`
}

type recordJSON struct {
	Format string            `json:"format"`
	Kind   string            `json:"kind"`
	Line   int               `json:"line"`
	Offset int64             `json:"offset"`
	Fields map[string]string `json:"fields"`
}

func runLook(ctx context.Context, a *app, opt formatsOptions, paths []string) error {
	if err := checkFormat(opt.format); err != nil {
		return err
	}
	zone, err := (&selectFlags{tz: opt.tz}).zone()
	if err != nil {
		return err
	}
	cfg, err := a.loadConfig()
	if err != nil {
		return err
	}
	o := ingest.Options{Zone: zone, Zones: cfg.zones}
	if o.Columns, err = a.columns(opt.columns); err != nil {
		return err
	}
	if opt.as != "" {
		if o.Format = ingest.FormatNamed(opt.as); o.Format == nil {
			return usagef("--as: no format %q; formats are %s", opt.as, strings.Join(formatNames(), ", "))
		}
	}
	files, missing := ingest.Expand(paths)
	for _, err := range missing {
		fmt.Fprintln(a.err, "callsift:", clean(err.Error()))
	}
	unknown := len(missing)
	var looks []ingest.Look
	for _, f := range files {
		err := ingest.Examine(ctx, f, o, func(l ingest.Look) {
			looks = append(looks, l)
			if l.Problem != "" {
				unknown++
			}
		})
		if err != nil {
			return err
		}
	}
	if opt.format == "json" {
		list := []lookJSON{}
		for i := range looks {
			list = append(list, jsonOf(&looks[i]))
		}
		err = writeJSON(a.out, list)
	} else {
		err = writeLooks(a, looks, opt.format)
	}
	if err == nil && unknown > 0 {
		err = fmt.Errorf("formats: %d of %d files cannot be read", unknown, len(looks)+len(missing))
	}
	return err
}

func jsonOf(l *ingest.Look) lookJSON {
	j := lookJSON{Path: l.Path, Formats: []string{}, Packed: l.Packed, Problem: l.Problem, Why: []whyJSON{}, Near: []nearJSON{}, Records: []recordJSON{}}
	for _, f := range l.Formats {
		j.Formats = append(j.Formats, f.Name)
	}
	for _, w := range l.Why {
		j.Why = append(j.Why, whyJSON{w.Format.Name, w.Line, w.Text})
	}
	for _, n := range l.Near {
		j.Near = append(j.Near, nearJSON{n.Format.Name, n.Records, n.Rejected, n.Reject})
	}
	for _, r := range l.Records {
		fields := map[string]string{}
		for _, f := range r.Fields {
			fields[f[0]] = f[1]
		}
		j.Records = append(j.Records, recordJSON{r.Format.Name, r.Kind, r.Line, r.Offset, fields})
	}
	return j
}

// writeLooks writes, for each file, sentences and a table of the fields of its
// first records: a row a field, a column a record.
func writeLooks(a *app, looks []ingest.Look, format string) error {
	if format == "csv" {
		return lookSheet(looks, true).write(a.out, format)
	}
	for i := range looks {
		l := &looks[i]
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		for _, line := range lookLines(l) {
			if format == "md" {
				line = markdownAll([]string{line})[0] + "\n"
			}
			if _, err := fmt.Fprintln(a.out, clean(line)); err != nil {
				return err
			}
		}
		if len(l.Records) > 0 {
			fmt.Fprintln(a.out)
			if err := lookSheet(looks[i:i+1], false).write(a.out, format); err != nil {
				return err
			}
		}
	}
	return nil
}

// lookLines says what a file is.
func lookLines(l *ingest.Look) []string {
	var names []string
	for _, f := range l.Formats {
		names = append(names, f.Name)
	}
	what := strings.Join(names, " and ")
	if l.Problem != "" {
		what = l.Problem
	}
	if l.Packed != "" {
		what += ", packed with " + l.Packed
	}
	lines := []string{l.Path + ": " + what}
	for _, f := range l.Formats {
		lines = append(lines, "  "+f.Name+": "+f.Description)
	}
	for _, w := range l.Why {
		at := "its first bytes"
		if w.Line > 0 {
			at = fmt.Sprintf("line %d", w.Line)
		}
		lines = append(lines, fmt.Sprintf("  known as %s by %s: %s", w.Format.Name, at, cut(w.Text, 100)))
	}
	for _, n := range l.Near {
		s := fmt.Sprintf("  near: %s: %s records in the beginning", n.Format.Name, count(int64(n.Records)))
		if n.Rejected > 0 {
			s += fmt.Sprintf(", %s rejected (%s)", count(int64(n.Rejected)), n.Reject)
		}
		lines = append(lines, s)
	}
	return lines
}

// lookSheet lists the fields of the first records; full: every row says of which
// record it is.
func lookSheet(looks []ingest.Look, full bool) *sheet {
	s := newSheet("record", "line>", "field", "value")
	for i := range looks {
		for n, r := range looks[i].Records {
			record, line := fmt.Sprintf("%d %s %s", n+1, r.Format.Name, r.Kind), count(int64(r.Line))
			if len(looks) > 1 {
				record = looks[i].Path + " " + record
			}
			for _, f := range r.Fields {
				s.add(record, line, f[0], cut(f[1], 100))
				if !full {
					record, line = "", ""
				}
			}
		}
	}
	return s
}
