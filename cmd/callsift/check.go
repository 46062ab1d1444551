package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"callsift/store"
)

func newCheckCommand(a *app) *cobra.Command {
	var quick bool
	var format string
	cmd := &cobra.Command{
		Use:   "check [flags]",
		Short: "Verify the database",
		Long: `Verify the database and say what is wrong and what to do about it. Looked at are:
the file itself (pages and indexes); the ledger against the rows: what each source
gave and how messages and records became calls; the roll-ups, which breakdowns and
reports are made of, against the calls, worked out anew; and references between
rows. Nothing is changed.

EXIT STATUS
  0  all is well     1  something is wrong     2  wrong usage`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runCheck(cmd.Context(), a, format, !quick) },
	}
	formatOption(cmd, &format)
	cmd.Flags().BoolVar(&quick, "quick", false, "do not compare indexes with their tables")
	return cmd
}

// checkJSON is the stable form of `check --format json`.
type checkJSON struct {
	OK       bool            `json:"ok"`
	Full     bool            `json:"full"`
	Sources  int64           `json:"sources"`
	Calls    int64           `json:"rows"`
	Cells    int64           `json:"rollup_cells"`
	Findings []store.Finding `json:"findings"`
}

func runCheck(ctx context.Context, a *app, format string, full bool) error {
	if err := checkFormat(format); err != nil {
		return err
	}
	db, done, err := a.openRead(ctx, nil, nil)
	if err != nil {
		return err
	}
	defer done()
	c, err := db.Check(ctx, full)
	if err != nil {
		return err
	}
	if err := writeCheck(a, format, &c); err != nil {
		return err
	}
	if n := len(c.Findings); n == 1 {
		return fmt.Errorf("%s: 1 finding", a.dbPath())
	} else if n > 0 {
		return fmt.Errorf("%s: %d findings", a.dbPath(), n)
	}
	return nil
}

func writeCheck(a *app, format string, c *store.Check) error {
	if format == "json" {
		j := checkJSON{len(c.Findings) == 0, c.Full, c.Sources, c.Calls, c.Cells, c.Findings}
		if j.Findings == nil {
			j.Findings = []store.Finding{}
		}
		return writeJSON(a.out, j)
	}
	if format != "table" {
		s := newSheet("check", "finding", "advice")
		for _, f := range c.Findings {
			s.add(f.Check, f.Text, f.Advice)
		}
		return s.write(a.out, format)
	}
	if len(c.Findings) == 0 {
		_, err := fmt.Fprintf(a.out, "%s: all is well: %s sources, %s calls and attempts, %s cells of the roll-up\n", clean(a.dbPath()), count(c.Sources), count(c.Calls), count(c.Cells))
		return err
	}
	advice := ""
	for _, f := range c.Findings {
		if _, err := fmt.Fprintf(a.out, "%s: %s.\n", f.Check, clean(f.Text)); err != nil {
			return err
		}
		if f.Advice != advice {
			advice = f.Advice
			fmt.Fprintf(a.out, "  What to do: %s.\n", advice)
		}
	}
	return nil
}
