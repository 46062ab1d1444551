package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"callsift/analyze"
	"callsift/store"
	"callsift/store/codes"
)

type callsOptions struct {
	selectFlags
	format string
	limit  int
}

func newCallsCommand(a *app) *cobra.Command {
	var opt callsOptions
	cmd := &cobra.Command{
		Use:   "calls [flags] [PATH...]",
		Short: "List calls, to see which ones a number is made of",
		Long: `List the calls (or attempts, or requests of another method) that a selection
holds, in order of time. The id in the first column opens one: callsift call ID.
Given PATHs, they are read into a temporary database first.`,
		Example: "  callsift calls --where code=503 --week last",
		RunE:    func(cmd *cobra.Command, paths []string) error { return runCalls(cmd.Context(), a, opt, paths) },
	}
	opt.period(cmd)
	opt.what(cmd)
	cmd.Flags().StringVar(&opt.format, "format", "table", "output `FORMAT`: table, json, csv or md")
	cmd.Flags().IntVar(&opt.limit, "limit", 100, "at most `N`; 0: all")
	cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(outputFormats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// callJSON is one row of `calls --format json`.
type callJSON struct {
	ID        string   `json:"id"`
	Start     string   `json:"start"`
	Method    string   `json:"method"`
	Caller    string   `json:"caller"`
	Callee    string   `json:"callee"`
	Outcome   string   `json:"outcome"`
	Class     string   `json:"class"`
	Code      int      `json:"code"`
	CauseCode int      `json:"cause_code"`
	CauseQ850 int      `json:"cause_q850"`
	Cause     string   `json:"cause"`
	Reason    string   `json:"reason"`
	Trunk     string   `json:"trunk"`
	Peer      string   `json:"peer"`
	Direction string   `json:"direction"`
	UserAgent string   `json:"user_agent"`
	Device    string   `json:"device"`
	Format    string   `json:"format"`
	Released  string   `json:"released"`
	Flags     []string `json:"flags"`
	PDD       int64    `json:"pdd_ms"`
	Setup     int64    `json:"setup_ms"`
	Talk      int64    `json:"talk_ms"`
	Legs      int      `json:"legs"`
	NativeID  string   `json:"native_id"`
}

func asJSON(c *store.Attempt) callJSON {
	p := &c.Profile
	flags := p.Flags.Names()
	if flags == nil {
		flags = []string{}
	}
	return callJSON{c.CallID(), rfc3339(c.Start), p.Method, c.Caller, c.Callee, string(p.Outcome), p.Class, p.Code, p.CauseCode, p.CauseQ850, p.Cause, p.Reason,
		p.Trunk, p.Peer, string(p.Direction), p.UserAgent, p.Device, p.Format, p.Released, flags, c.PDD, c.Setup, c.Talk, c.Legs, ownID(c)}
}

func runCalls(ctx context.Context, a *app, opt callsOptions, paths []string) error {
	q, err := opt.query()
	if err != nil {
		return err
	}
	if err := checkFormat(opt.format); err != nil {
		return err
	}
	if err := atLeastZero("limit", opt.limit); err != nil {
		return err
	}
	zone, err := opt.zone()
	if err != nil {
		return err
	}
	db, done, err := a.openRead(ctx, paths, zone)
	if err != nil {
		return err
	}
	defer done()
	list := []callJSON{}
	more := 0
	s := newSheet("id", "start", "from", "to", "result", "trunk", "cause", "pdd s>", "talk s>")
	err = analyze.Calls(ctx, db, q, func(c *store.Attempt) error {
		if opt.limit > 0 && len(list)+len(s.rows) >= opt.limit {
			more++
			return nil
		}
		if opt.format == "json" {
			list = append(list, asJSON(c))
			return nil
		}
		s.add(c.CallID(), at(c.Start, q.Zone), c.Caller, c.Callee, result(&c.Profile), c.Profile.Trunk, c.Profile.Cause, seconds(c.PDD), seconds(c.Talk))
		return nil
	})
	if err != nil {
		return err
	}
	if more > 0 {
		a.remark("%s more; --limit 0 lists all", count(int64(more)))
	}
	if opt.format == "json" {
		return writeJSON(a.out, list)
	}
	if len(s.rows) == 0 {
		a.remark("no calls in the period and selection asked for")
	}
	return s.write(a.out, opt.format)
}

// ownID is the record's own id: Call-ID, uniqueid, OM id.
func ownID(c *store.Attempt) string {
	if c.NativeID != "" {
		return c.NativeID
	}
	return c.Key
}

// result is code and outcome in one cell: "503 failed", "answered".
func result(p *store.Profile) string {
	switch {
	case p.Code == codes.Unknown:
		return string(p.Outcome)
	case p.Code == codes.None:
		return fmt.Sprintf("no response, %s", p.Outcome)
	case p.Outcome == codes.Answered:
		return string(p.Outcome)
	}
	return fmt.Sprintf("%d %s", p.Code, p.Outcome)
}

// duration writes milliseconds for people: "1 min 20 s", "0.350 s".
func duration(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	if d < time.Minute {
		return fmt.Sprintf("%.3g s", d.Seconds())
	}
	return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
}
