package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// maxResult bounds the bytes of a query's result that is held until its columns'
// widths are known. A table of so many is made in five times the memory.
const maxResult = 64 << 20

func newSQLCommand(a *app) *cobra.Command {
	var format string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "sql [flags] QUERY",
		Short: "Ask the database a question of your own",
		Long: `Run one SQL query, read-only, and print what it gives. Nothing that writes, sets or
attaches is let through, and a query that takes longer than --timeout is stopped.
The views are made for it:

  calls      one row a call: started, caller, callee, outcome, class, code, cause,
             trunk, peer, direction, prefix, user_agent, device, pdd_ms, setup_ms,
             talk_ms, legs, native_id (Call-ID), source, line
  attempts   one row an attempt: the same, with from_addr and to_addr
  requests   one row a REGISTER, OPTIONS ... with its code
  hourly     calls counted by hour UTC, trunk, class, code and outcome
  sources    the files that were read

Times in the views are UTC; durations are milliseconds, -1 where unknown; nothing
is NULL. The tables sip_code and q850_cause hold the vocabulary, event what devices
reported, profile and rollup what breakdowns are made of. .schema in the sqlite3
shell shows every column with its meaning.`,
		Example: `  callsift sql "SELECT trunk, code, count(*) FROM calls WHERE outcome = 'failed' GROUP BY trunk, code ORDER BY 3 DESC"`,
		Args:    wantArgs(1, 1, "QUERY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSQL(cmd.Context(), a, format, timeout, args[0])
		},
	}
	formatOption(cmd, &format)
	cmd.Flags().DurationVar(&timeout, "timeout", time.Minute, "stop the query after this `TIME`; 0: never")
	return cmd
}

func runSQL(ctx context.Context, a *app, format string, timeout time.Duration, query string) error {
	if err := checkFormat(format); err != nil {
		return err
	}
	if strings.TrimSpace(query) == "" {
		return usagef("sql: no QUERY; see callsift sql --help")
	}
	db, done, err := a.openRead(ctx, nil, nil)
	if err != nil {
		return err
	}
	defer done()
	limited, cancel := ctx, func() {}
	if timeout > 0 {
		limited, cancel = context.WithTimeout(ctx, timeout)
	}
	defer cancel()
	out := sqlOutput{format: format, w: a.out}
	err = untilEnd(limited, func() error { return db.Query(limited, query, out.columns, out.row) })
	switch {
	case err != nil && limited.Err() == context.DeadlineExceeded && ctx.Err() == nil:
		return fmt.Errorf("sql: stopped after %s (--timeout)", timeout)
	case err != nil:
		return err
	}
	return out.end()
}

// untilEnd is what f returns, or the context's error a while after its end: SQLite
// looks for an interrupt between the steps of a statement, and one step of a
// query that means harm, such as a search in a long text, may take hours.
func untilEnd(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(graceTime):
		return ctx.Err()
	}
}

// sqlOutput is a query's result on its way to the user. CSV is written row by
// row; the others are held until all of it is known.
type sqlOutput struct {
	format string
	w      io.Writer
	sheet  *sheet
	list   []sqlRow
	size   int
	csv    *csv.Writer
}

func (o *sqlOutput) columns(names []string) error {
	o.sheet = newSheet()
	o.sheet.head = names
	if o.format == "csv" {
		o.csv = csv.NewWriter(o.w)
		return o.csv.Write(guardAll(names))
	}
	return nil
}

func (o *sqlOutput) row(cells []any) error {
	if o.csv != nil {
		return o.csvRow(cells)
	}
	if o.size += sizeOf(cells); o.size > maxResult {
		return fmt.Errorf("sql: the result is over %d MiB: add a LIMIT, count instead of listing, or ask for --format csv", maxResult>>20)
	}
	if o.format == "json" {
		r := sqlRow{names: o.sheet.head}
		for _, c := range cells {
			r.cells = append(r.cells, sqlValue(c))
		}
		o.list = append(o.list, r)
		return nil
	}
	r := make([]string, len(cells))
	for i, c := range cells {
		text, number := sqlText(c)
		r[i] = text
		if number {
			o.sheet.right[i] = true
		}
	}
	o.sheet.add(r...)
	return nil
}

func (o *sqlOutput) csvRow(cells []any) error {
	r := make([]string, len(cells))
	for i, c := range cells {
		text, number := sqlText(c)
		r[i] = guard(text, number)
	}
	return o.csv.Write(r)
}

func (o *sqlOutput) end() error {
	switch {
	case o.csv != nil:
		o.csv.Flush()
		return o.csv.Error()
	case o.format == "json":
		return writeJSON(o.w, append([]sqlRow{}, o.list...))
	}
	return o.sheet.write(o.w, o.format)
}

// sqlText is a value as text; number tells whether it is one.
func sqlText(v any) (text string, number bool) {
	switch v := sqlValue(v).(type) {
	case nil:
		return "", false
	case int64, float64:
		return fmt.Sprint(v), true
	default:
		return fmt.Sprint(v), false
	}
}

// sizeOf is about how much memory a row takes.
func sizeOf(cells []any) int {
	n := 24
	for _, c := range cells {
		n += 40
		switch v := c.(type) {
		case string:
			n += len(v)
		case []byte:
			n += len(v)
		}
	}
	return n
}

// sqlRow is one row, whose JSON keeps the order of the columns.
type sqlRow struct {
	names []string
	cells []any
}

func (r sqlRow) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, c := range r.cells {
		if i > 0 {
			b = append(b, ',')
		}
		name, err := json.Marshal(r.names[i])
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(c)
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, name...), ':'), value...)
	}
	return append(b, '}'), nil
}

// sqlValue makes bytes text, so that they print and encode as such.
func sqlValue(v any) any {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return v
}
