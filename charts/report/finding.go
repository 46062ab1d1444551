package report

import (
	"fmt"
	"strconv"
	"strings"

	"callsift/analyze"
	"callsift/charts/internal/show"
)

// findingView is a finding or incident as the page, the Markdown and the PDF
// show it.
type findingView struct {
	ID, Rank, Title string
	Span            string // its time, as far as the title does not say it; ""
	Numbers         string // what the number of cases stands against
	Failed          cell
	Lines           []note // cause, owner, what to check, what speaks for it and against
	Calls           []string
}

// ownerNames say whose trouble it is.
var ownerNames = map[analyze.Owner]string{analyze.Ours: "ours", analyze.Carrier: "the carrier", analyze.Customer: "the customer"}

func newFindingView(f *analyze.Finding) findingView {
	keys := findingKeys(f)
	v := findingView{ID: fmt.Sprintf("finding-%d", f.Rank), Rank: strconv.Itoa(f.Rank), Title: f.Title, Span: findingEnd(f), Calls: f.Calls}
	v.Failed = counted(f.Failed, append(keys, "from", integer(f.From.UnixMilli()), "to", integer(f.To.UnixMilli()))...)
	v.Numbers = fmt.Sprintf("where %.1f were to be expected.", f.Expected)
	if f.Share > 0 {
		v.Numbers = fmt.Sprintf("where %.1f were to be expected; that explains %s of all such calls.", f.Expected, show.Percent(min(1, f.Share)))
	}
	add := func(lead, text string) {
		if text != "" {
			v.Lines = append(v.Lines, note{Lead: lead, Text: text})
		}
	}
	add("Where:", keysText(f))
	add("Cause:", f.Cause)
	add("Why:", f.Why)
	add("Whose it is:", ownerNames[f.Owner])
	add("Check first:", f.FirstCheck)
	add("On a New Rock device:", f.Setting)
	add("Speaks for it:", strings.Join(f.Evidence, " "))
	add("Would speak against it:", strings.Join(f.Refute, " "))
	if f.Confidence > 0 {
		add("Confidence:", show.Percent(f.Confidence))
	}
	return v
}

func keysText(f *analyze.Finding) string {
	var parts []string
	for _, k := range f.Keys {
		parts = append(parts, strings.ReplaceAll(k.Key, "_", " ")+" "+k.Value)
	}
	return strings.Join(parts, ", ")
}

// findingEnd is what the title does not say of a finding's time: where nobody
// can tell that it ended, when the last of it was.
func findingEnd(f *analyze.Finding) string {
	if !f.Ongoing {
		return ""
	}
	return "Its calls do not tell that it is over; the last of it was before " + show.Moment(f.To) + "."
}

// symptomKeys are the calls that show a symptom.
var symptomKeys = map[string][]string{
	analyze.SymptomFailed: {"outcome", "failed"}, analyze.SymptomUser: {"outcome", "user"}, analyze.SymptomAbandoned: {"outcome", "abandoned"},
	analyze.SymptomDropped: {"flag", "dropped"}, analyze.SymptomShort: {"talk", "short"},
}

// findingKeys are the keys of a finding as links take them.
func findingKeys(f *analyze.Finding) []string {
	var keys []string
	for _, k := range f.Keys {
		keys = append(keys, k.Key, k.Value)
	}
	return append(keys, symptomKeys[f.Symptom]...)
}

// newIncidentView is an incident in the same form, for a report without findings.
func newIncidentView(r *analyze.Report, rank int, in analyze.Incident) findingView {
	v := findingView{ID: fmt.Sprintf("incident-%d", rank), Rank: strconv.Itoa(rank), Title: incidentTitle(r, in), Span: show.Span(in.From, in.To), Calls: in.Calls}
	v.Failed = counted(in.Failed, "trunk", in.Trunk, "cause_code", strconv.Itoa(in.Code), "outcome", "failed", "from", integer(in.From.UnixMilli()), "to", integer(in.To.UnixMilli()))
	v.Numbers = fmt.Sprintf("of %s; %.1f expected at the rate of the rest of the period.", show.Count(in.Count), in.Expected)
	if in.Cause != "" {
		v.Lines = append(v.Lines, note{Lead: "Cause:", Text: in.Cause})
	}
	if check := firstCheck(r, in.Code); check != "" {
		v.Lines = append(v.Lines, note{Lead: "Check first:", Text: check})
	}
	return v
}
