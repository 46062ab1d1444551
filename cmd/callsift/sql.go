package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// maxResult bounds the bytes of a query's result, which is held until its
// columns' widths are known.
const maxResult = 256 << 20

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
	var s *sheet
	list := []sqlRow{}
	size := 0
	err = db.Query(limited, query, func(columns []string) error {
		s = newSheet()
		s.head = columns
		return nil
	}, func(cells []any) error {
		if size += sizeOf(cells); size > maxResult {
			return fmt.Errorf("sql: the result is over %d MiB: add a LIMIT, or count instead of listing", maxResult>>20)
		}
		if format == "json" {
			r := sqlRow{names: s.head}
			for _, c := range cells {
				r.cells = append(r.cells, sqlValue(c))
			}
			list = append(list, r)
			return nil
		}
		r := make([]string, len(cells))
		for i, c := range cells {
			switch v := sqlValue(c).(type) {
			case int64, float64:
				s.right[i] = true
				r[i] = fmt.Sprint(v)
			case nil:
			default:
				r[i] = fmt.Sprint(v)
			}
		}
		s.add(r...)
		return nil
	})
	if err != nil {
		if limited.Err() == context.DeadlineExceeded && ctx.Err() == nil {
			return fmt.Errorf("sql: stopped after %s (--timeout)", timeout)
		}
		return err
	}
	if format == "json" {
		return writeJSON(a.out, list)
	}
	return s.write(a.out, format)
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
