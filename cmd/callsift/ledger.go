package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"callsift/store"
	"callsift/store/codes"
)

// formatOption is the --format of the commands that only list something.
func formatOption(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVar(format, "format", "table", "output `FORMAT`: table, json, csv or md")
	cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(outputFormats, cobra.ShellCompDirectiveNoFileComp))
}

func newLedgerCommand(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "ledger [flags] [PATH...]",
		Short: "How messages and records became calls, step by step",
		Long: `Show how SIP messages became transactions, attempts and calls: what was folded at
each step and why, so that every number closes. The outcomes sum to the calls.
Given PATHs, they are read into a temporary database first.`,
		RunE: func(cmd *cobra.Command, paths []string) error { return runLedger(cmd.Context(), a, format, paths) },
	}
	formatOption(cmd, &format)
	return cmd
}

// ledgerJSON is the stable form of `ledger --format json`.
type ledgerJSON struct {
	Messages        int64            `json:"messages"`
	Duplicates      int64            `json:"duplicates"`
	Retransmissions int64            `json:"retransmissions"`
	Unusable        int64            `json:"unusable"`
	Transactions    int64            `json:"transactions"`
	Folded          int64            `json:"folded"`
	InDialog        int64            `json:"in_dialog"`
	Acks            int64            `json:"acks"`
	Cancels         int64            `json:"cancels"`
	Orphans         int64            `json:"orphans"`
	OtherRequests   int64            `json:"other_requests"`
	Hops            int64            `json:"hops"`
	Further         int64            `json:"further"`
	Joined          int64            `json:"joined"`
	Requests        map[string]int64 `json:"requests"`
	Attempts        int64            `json:"attempts"`
	Calls           int64            `json:"calls"`
	Outcomes        map[string]int64 `json:"outcomes"`
	Excluded        map[string]int64 `json:"excluded"`
	CDRs            int64            `json:"cdrs"`
	SameRecords     int64            `json:"same_records"`
	Events          int64            `json:"events"`
	Rejected        int64            `json:"rejected"`
	Sources         int64            `json:"sources"`
	MessageCounts   messageCounts    `json:"message_counts"`
}

type messageCounts struct {
	Requests  map[string]int64 `json:"requests"`
	Responses map[string]int64 `json:"responses"`
}

func runLedger(ctx context.Context, a *app, format string, paths []string) error {
	if err := checkFormat(format); err != nil {
		return err
	}
	db, done, err := a.openRead(ctx, paths, nil)
	if err != nil {
		return err
	}
	defer done()
	l, err := db.Ledger(ctx)
	if err != nil {
		return err
	}
	excluded, err := db.Excluded(ctx)
	if err != nil {
		return err
	}
	if format == "json" {
		return writeJSON(a.out, ledgerAsJSON(&l, excluded))
	}
	return ledgerSheet(&l, excluded).write(a.out, format)
}

func ledgerAsJSON(l *store.Ledger, excluded map[string]int64) ledgerJSON {
	j := ledgerJSON{
		Messages: l.Steps[store.StepMessages], Duplicates: l.Steps[store.StepDuplicates], Retransmissions: l.Steps[store.StepRetransmissions],
		Unusable: l.Steps[store.StepUnusable], Transactions: l.Steps[store.StepTransactions], Folded: l.Steps[store.StepFolded],
		InDialog: l.Steps[store.StepInDialog], Acks: l.Steps[store.StepAcks], Cancels: l.Steps[store.StepCancels], Orphans: l.Steps[store.StepOrphans],
		OtherRequests: l.Steps[store.StepRequests], Hops: l.Steps[store.StepHops], Further: l.Steps[store.StepFurther], Joined: l.Steps[store.StepJoined],
		Requests: l.Requests, Attempts: l.Attempts, Calls: l.Calls, Outcomes: map[string]int64{}, Excluded: excluded,
		CDRs: l.CDRs, SameRecords: l.Doubled + l.Copies + l.Steps[store.StepSameRecords], Events: l.Events, Rejected: l.Rejected, Sources: l.Sources,
		MessageCounts: messageCounts{map[string]int64{}, map[string]int64{}},
	}
	for _, o := range codes.Outcomes {
		j.Outcomes[string(o)] = l.Outcomes[o]
	}
	for _, m := range l.Messages {
		if m.Status == 0 {
			j.MessageCounts.Requests[m.Method] += m.N
		} else {
			j.MessageCounts.Responses[fmt.Sprint(m.Status)] += m.N
		}
	}
	return j
}

func ledgerSheet(l *store.Ledger, excluded map[string]int64) *sheet {
	s := newSheet("step", "count>", "what it is")
	line := func(label string, n int64, note string) { s.add(label, count(n), note) }
	st := l.Steps
	line("SIP messages", st[store.StepMessages], "as seen, at every place they were seen")
	line("- duplicates", st[store.StepDuplicates], "the same message seen twice")
	line("- retransmissions", st[store.StepRetransmissions], "sent again for want of an answer")
	line("- unusable", st[store.StepUnusable], "discarded by RFC 3261, kept in the list only")
	line("= in transactions", st[store.StepMessages]-st[store.StepDuplicates]-st[store.StepRetransmissions]-st[store.StepUnusable], "")
	line("transactions", st[store.StepTransactions], "a request and its responses on one hop")
	line("- folded", st[store.StepFolded], "challenge answered, digits sent in parts")
	line("- in dialog", st[store.StepInDialog], "BYE, re-INVITE, PRACK and others inside a call")
	line("- ACK of 2xx", st[store.StepAcks], "has no response")
	line("- CANCEL", st[store.StepCancels], "belongs to its INVITE")
	line("- orphans", st[store.StepOrphans], "of dialogs whose start was not seen")
	line("- other requests", st[store.StepRequests], "REGISTER, OPTIONS ... per hop, see below")
	line("= SIP attempts", st[store.StepAttempts], "initial INVITEs on one hop")
	line("- hops", st[store.StepHops], "attempts that relay another one of the same call")
	line("- further attempts", st[store.StepFurther], "redirects, failovers and forks of the same call")
	line("- joined", st[store.StepJoined], "calls of other Call-IDs that are legs of the same call")
	line("= SIP calls", st[store.StepCalls], "")
	line("CDRs", l.CDRs, "call detail records read")
	line("- same record", l.Doubled+l.Copies+st[store.StepSameRecords], "the same record in another source")
	line("= CDR attempts", l.Attempts-st[store.StepAttempts], "")
	line("attempts", l.Attempts, "SIP and CDR")
	line("calls", l.Calls, "all attempts that serve one caller's one wish are one call")
	for _, o := range codes.Outcomes {
		line("  "+string(o), l.Outcomes[o], "")
	}
	for _, name := range sortedNames(excluded) {
		line("of calls: "+name, excluded[name], "left out of the headline figures")
	}
	for _, m := range sortedNames(l.Requests) {
		line(m+" requests", l.Requests[m], "challenge and retry folded")
	}
	line("events", l.Events, "what devices reported")
	line("rejected", l.Rejected, "input that could not be used (callsift rejects)")
	return s
}
