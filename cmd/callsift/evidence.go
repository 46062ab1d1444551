package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"callsift/analyze"
	"callsift/charts"
	"callsift/charts/report"
	"callsift/ingest"
	"callsift/store"
	"callsift/store/codes"
)

// Bounds of what goes into a report's page.
const (
	listedCalls = 500     // calls in the list
	rawReach    = 1 << 30 // bytes of the sources that are read for raw lines
	rawLine     = 4 << 10 // of one message
)

// callsBehind gathers the calls behind a report's figures; the first detailed
// ones, those that the report names before others, with messages and raw lines.
func callsBehind(ctx context.Context, db *store.DB, q analyze.Query, r *analyze.Report, detailed int) ([]report.Call, error) {
	list, err := analyze.CallsBehind(ctx, db, q, r, listedCalls)
	if err != nil {
		return nil, err
	}
	zone := q.Zone
	if zone == nil {
		zone = time.UTC
	}
	calls := make([]report.Call, len(list))
	for i := range list {
		calls[i] = reportCall(&list[i])
	}
	var steps []*ingest.Step
	var into []*charts.Message
	for _, i := range mostTelling(list, r, detailed) {
		c, trace, err := tellCall(ctx, db, &list[i].Attempt, zone)
		if err != nil {
			return nil, err
		}
		calls[i].Story, calls[i].Messages = c.Story, c.Messages
		for k := range trace {
			steps, into = append(steps, &trace[k]), append(into, &calls[i].Messages[k])
		}
	}
	raw, errs := ingest.RawAll(ctx, steps, rawReach)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for i := range steps {
		into[i].Raw = rawText(raw[i], errs[i])
	}
	return calls, nil
}

// rawText is a message's lines, or why they are not there.
func rawText(raw []byte, err error) string {
	switch {
	case errors.Is(err, ingest.ErrFar):
		return "(" + ingest.ErrFar.Error() + ": callsift call ID --raw shows it)"
	case err != nil:
		return "(" + err.Error() + ")"
	}
	text := strings.TrimRight(string(raw), "\r\n")
	if len(text) > rawLine {
		text = text[:rawLine] + "\n(cut)"
	}
	return text
}

// mostTelling are the places of the calls that get ladders: those that the
// report names, then failures, then others, spread over the period.
func mostTelling(list []analyze.Behind, r *analyze.Report, most int) []int {
	named := map[string]bool{}
	for _, id := range r.Named() {
		named[id] = true
	}
	rank := func(b *analyze.Behind) int {
		switch {
		case named[b.CallID()]:
			return 0
		case b.Profile.Outcome == codes.Failed:
			return 1
		case b.Profile.Outcome != codes.Answered:
			return 2
		}
		return 3
	}
	byRank := [4][]int{}
	for i := range list {
		k := rank(&list[i])
		byRank[k] = append(byRank[k], i)
	}
	var picked []int
	for _, group := range byRank {
		n := min(len(group), most-len(picked))
		for k := range n {
			picked = append(picked, group[k*len(group)/n])
		}
	}
	slices.Sort(picked)
	return picked
}

func reportCall(b *analyze.Behind) report.Call {
	p := &b.Profile
	c := report.Call{ID: b.CallID(), Start: b.At, Caller: b.Caller, Callee: b.Callee, Result: result(p), Cause: p.Cause, PDD: b.PDD, Talk: b.Talk}
	rang, talk := "no", ""
	if p.Rang {
		rang = "yes"
	}
	if p.Outcome == codes.Answered && b.Talk >= 0 {
		if talk = "long"; b.Talk < 6000 {
			talk = "short"
		}
	}
	c.Keys = map[string][]string{
		"class": {b.Class}, "code": {fmt.Sprint(p.Code)}, "cause": {p.Cause}, "cause_code": {b.CauseCode()}, "outcome": {string(p.Outcome)}, "trunk": b.Trunks,
		"source": {b.Caller}, "prefix": {p.Prefix}, "user_agent": {p.UserAgent}, "device": {p.Device}, "day": {b.Day}, "weekday": {b.Weekday}, "hour": {b.Hour},
		"flag": b.FlagList, "rang": {rang}, "talk": {talk}, "peer": {p.Peer}, "direction": {string(p.Direction)},
	}
	if b.Start > 0 {
		c.Keys["at"] = []string{fmt.Sprint(b.Start / 1000)}
	}
	return c
}

// tellCall is a call with its story and messages, and the steps that these are.
func tellCall(ctx context.Context, db *store.DB, a *store.Attempt, zone *time.Location) (report.Call, []ingest.Step, error) {
	c := report.Call{ID: a.CallID(), Caller: a.Caller, Callee: a.Callee, Result: result(&a.Profile)}
	if a.Start > 0 {
		c.Start = time.UnixMicro(a.Start).In(zone)
	}
	steps, err := ingest.Trace(ctx, db, a)
	if err != nil {
		return c, nil, err
	}
	legs, err := db.Legs(ctx, a)
	if err != nil {
		return c, nil, err
	}
	var b bytes.Buffer
	story(&b, a, legs, zone, 1<<20)
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	c.Story = append(c.Story, lines[1:]...) // the first names the call
	for i := range steps {
		c.Messages = append(c.Messages, messageOf(&steps[i], zone))
	}
	return c, steps, nil
}

// messageOf is a step as the ladder draws it.
func messageOf(s *ingest.Step, zone *time.Location) charts.Message {
	m := charts.Message{From: hostText(s.Src), To: hostText(s.Dst), Text: s.Text, Detail: s.Detail, Again: s.Again,
		Record: strings.HasPrefix(s.Text, "CDR"), Place: fmt.Sprintf("%s:%d", s.Path, s.Line)}
	if s.SDP {
		m.Text += " (SDP)"
	}
	if s.Time > 0 {
		m.Time = time.UnixMicro(s.Time).In(zone)
	}
	return m
}

func hostText(a netip.AddrPort) string {
	if !a.Addr().IsValid() {
		return ""
	}
	return a.String()
}
