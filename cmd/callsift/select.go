package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"callsift/analyze"
)

// selectFlags are the common flags that choose what is counted.
type selectFlags struct {
	from, to, week, tz, weekStart string
	where                         []string
	scope, method                 string
}

// period adds --from, --to, --week and --tz.
func (s *selectFlags) period(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.from, "from", "", "first `TIME`: 2026-11-09, 2026-11-09T14:00, RFC 3339")
	f.StringVar(&s.to, "to", "", "end `TIME`, not included")
	f.StringVar(&s.week, "week", "", "ISO `WEEK`: 2026-W46, this or last")
	f.StringVar(&s.weekStart, "week-start", "mon", "first `DAY` of weeks: mon, sun or sat; the last two are named by a date, --week 2026-11-15")
	f.StringVar(&s.tz, "tz", "", "`ZONE` of days, weeks and of times without a zone, e.g. Europe/Berlin (default UTC)")
	cmd.RegisterFlagCompletionFunc("week", cobra.FixedCompletions([]string{"this", "last"}, cobra.ShellCompDirectiveNoFileComp))
}

// what adds --where, --scope and --method.
func (s *selectFlags) what(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&s.where, "where", nil, "only `KEY=VALUE[,VALUE]`; KEY!=VALUE for all others; may be given again")
	f.StringVar(&s.scope, "scope", analyze.ScopeCall, "`SCOPE` of what is counted: call, or leg (attempt)")
	f.StringVar(&s.method, "method", "INVITE", "SIP `METHOD`: INVITE, REGISTER, OPTIONS ...")
	cmd.RegisterFlagCompletionFunc("scope", cobra.FixedCompletions([]string{analyze.ScopeCall, analyze.ScopeLeg}, cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("method", cobra.FixedCompletions([]string{"INVITE", "REGISTER", "OPTIONS", "SUBSCRIBE", "NOTIFY", "MESSAGE", "PUBLISH"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("where", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var list []string
		for _, k := range analyze.Keys() {
			list = append(list, k+"=")
		}
		return list, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	})
}

// zone is the zone that the user named, nil if none.
func (s *selectFlags) zone() (*time.Location, error) {
	if s.tz == "" {
		return nil, nil
	}
	z, err := time.LoadLocation(s.tz)
	if err != nil {
		return nil, usagef("--tz: no zone %q; names are like Europe/Berlin, Asia/Shanghai, UTC", s.tz)
	}
	return z, nil
}

// query is the selection as the analysis takes it.
func (s *selectFlags) query() (analyze.Query, error) {
	q := analyze.Query{Scope: s.scope, Method: strings.ToUpper(s.method), Zone: time.UTC}
	if z, err := s.zone(); err != nil {
		return q, err
	} else if z != nil {
		q.Zone = z
	}
	if s.scope != "" && s.scope != analyze.ScopeCall && s.scope != analyze.ScopeLeg {
		return q, usagef("--scope: no scope %q; scopes are call, leg", s.scope)
	}
	for _, w := range s.where {
		c, err := analyze.ParseCondition(w)
		if err != nil {
			return q, usage(err)
		}
		q.Where = append(q.Where, c)
	}
	first, err := analyze.ParseWeekStart(s.weekStart)
	if err != nil {
		return q, usage(err)
	}
	if s.week != "" {
		for _, other := range [][2]string{{"from", s.from}, {"to", s.to}} {
			if other[1] != "" {
				return q, usagef("--week: %q and --%s %q: want one or the other", s.week, other[0], other[1])
			}
		}
		q.Period, err = analyze.ParseWeekFrom(s.week, time.Now(), q.Zone, first)
	} else {
		q.Period, err = analyze.ParsePeriod(s.from, s.to, q.Zone)
	}
	return q, usage(err)
}
