package report

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"callsift/analyze"
)

// Schema is the JSON Schema (draft 2020-12) of report.json, made from the types that
// it is written from. What comes from other commands' JSON, changes and findings, has
// its fields listed here.
func Schema() []byte {
	s := schemaOf(reflect.TypeFor[document]())
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["$id"] = "urn:" + strings.ReplaceAll(schemaName, "/", ":")
	s["title"] = "report.json of callsift report, " + schemaName
	s["description"] = "Times are RFC 3339, null where unknown; ratios are fractions from 0 to 1, a ratio over 0 has the value null; lists are never null. Fields may be added under the same name of the schema; none goes and none changes its meaning."
	fields := s["properties"].(map[string]any)
	fields["schema"] = map[string]any{"const": schemaName}
	fields["scope"] = map[string]any{"enum": []string{"call", "leg"}}
	fields["findings"] = map[string]any{"type": "array", "items": findingSchema()}
	fields["changes"] = changesSchema()
	for name, text := range schemaNotes {
		fields[name].(map[string]any)["description"] = text
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	e.Encode(s) // maps of texts: nothing to fail at
	return b.Bytes()
}

// schemaNotes say what the parts of the report are.
var schemaNotes = map[string]string{
	"title": "site or path", "period": "half-open [from, to)", "coverage": "hours of the period, and those with data; gaps are unknown, not zero",
	"scope": "what is counted", "rules": "version of the counting rules", "checksum": "of the sources read", "verdict": "sentences",
	"kpis":   "value in unit, ratios as fractions with a 95 % Wilson interval; previous is the period before",
	"codes":  "code 0: no response at all, -1: no code in the record; of_finals and of_failures are shares",
	"trunks": "attempts by outside party", "days": "calls by response class; data false: unknown, not zero", "trend": "ASR and NER by day",
	"heatmap": "weekday 1 is Monday; cells under min_count say little", "pdd": "post-dial delay; -1: none", "pareto": "causes of failures; sum is this row and those above it",
	"prefixes": "the twenty largest", "user_agents": "the twenty largest", "callers": "the twenty with most failures; empty where the calls are too many",
	"worst_hours": "most failures above what the period's rate gives", "load": "conversations at once by quarter hour", "marks": "calls by flag",
	"lanes": "trunks over the period, rated and failed by step", "events": "what devices reported", "changes": "this period against the one before, as callsift compare --format json",
	"findings": "what went wrong, most excess failures first", "incidents": "stretches in which a trunk failed with one code", "actions": "what to do; finding is the rank of the finding",
	"anomalies": "stretches outside the band of earlier weeks", "availability": "minutes by trunk", "targets": "bounds that the user set; value null where there is none",
	"ledger": "sign - is taken off, = is the sum so far", "outcomes": "they add up to count", "excluded": "left out of the headline", "sources": "every input",
	"rejects": "input that could not be used", "warnings": "sentences",
}

// schemaOf describes a type as encoding/json writes it.
func schemaOf(t reflect.Type) map[string]any {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[json.RawMessage]():
		return map[string]any{}
	case t == reflect.TypeFor[analyze.Owner]():
		return map[string]any{"enum": []string{"", string(analyze.Ours), string(analyze.Carrier), string(analyze.Customer)}}
	}
	switch t.Kind() {
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Pointer:
		if t.Elem() == reflect.TypeFor[kpi]() { // it holds itself
			return map[string]any{"type": []string{"object", "null"}}
		}
		return map[string]any{"anyOf": []any{schemaOf(t.Elem()), map[string]any{"type": "null"}}}
	}
	fields, required := map[string]any{}, []string{}
	for _, f := range reflect.VisibleFields(t) {
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" || name == "-" {
			continue
		}
		fields[name] = schemaOf(f.Type)
		if rest != "omitempty" {
			required = append(required, name)
		}
	}
	return map[string]any{"type": "object", "properties": fields, "required": required, "additionalProperties": false}
}

func findingSchema() map[string]any {
	text, number := map[string]any{"type": "string"}, map[string]any{"type": "number"}
	texts := map[string]any{"type": "array", "items": text}
	at := map[string]any{"type": "string", "format": "date-time"}
	yes := map[string]any{"type": "boolean"}
	whole := map[string]any{"type": "integer"}
	return object(map[string]any{"rank": whole, "title": text, "symptom": text, "scope": text, "keys": map[string]any{"type": "object"}, "from": at, "to": at, "ongoing": yes, "daily": text,
		"count": whole, "failed": whole, "expected": number, "excess": number, "share": number, "lift": number, "lift_low": number, "lift_high": number, "coverage": number,
		"cause": text, "why": text, "evidence": texts, "refute": texts, "confidence": number, "owner": schemaOf(reflect.TypeFor[analyze.Owner]()), "first_check": text, "setting": text, "calls": texts})
}

func changesSchema() map[string]any {
	side := map[string]any{"type": "object"}
	number := map[string]any{"type": []string{"number", "null"}}
	text := map[string]any{"type": "string"}
	row := object(map[string]any{"key": text, "label": text, "unit": text, "now": side, "before": side, "diff": number, "low": number, "high": number,
		"arrow": map[string]any{"enum": []string{"", string(analyze.Up), string(analyze.Down)}}, "median": number, "note": text})
	table := object(map[string]any{"by": text, "what": text, "rows": map[string]any{"type": "array", "items": row}})
	return map[string]any{"type": "object", "properties": map[string]any{"tables": map[string]any{"type": "array", "items": table}}, "required": []string{"tables"}}
}

// object is an object that has all these fields, and may have more.
func object(fields map[string]any) map[string]any {
	required := make([]string, 0, len(fields))
	for name := range fields {
		required = append(required, name)
	}
	slices.Sort(required)
	return map[string]any{"type": "object", "properties": fields, "required": required}
}
