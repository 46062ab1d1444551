package main

import (
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"callsift/analyze"
)

func holidaysFlag(cmd *cobra.Command, days *[]string) {
	cmd.Flags().StringSliceVar(days, "holidays", nil, "`DAYS` that comparisons leave out, with the same weekdays of the other weeks: 2026-12-25,2026-12-26")
}

// bounds gives the query the user's holidays, of the flag and the configuration,
// and the targets, which are only in the latter.
func (a *app) bounds(q *analyze.Query, holidays []string) error {
	days, err := analyze.ParseHolidays("--holidays", holidays)
	if err != nil {
		return usage(err)
	}
	c, err := a.loadConfig()
	if err != nil {
		return err
	}
	if q.Holidays, err = analyze.ParseHolidays("holidays", append(days, c.holidays...)); err != nil {
		return err
	}
	targets := map[string]string{}
	if err := c.table("targets", &targets); err != nil {
		return err
	}
	for _, metric := range slices.Sorted(maps.Keys(targets)) {
		t, err := analyze.ParseTarget(metric, targets[metric])
		if err != nil {
			return c.wrong([]string{"targets", metric}, "targets: %v", err)
		}
		q.Targets = append(q.Targets, t)
	}
	return nil
}
