package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"callsift/charts/internal/sample"
)

// report.json of any report is as the schema says; one with a field more, a field
// less or another type is not.
func TestSchema(t *testing.T) {
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("report.json", parsed); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("report.json")
	if err != nil {
		t.Fatal(err)
	}
	reports := sample.Extremes()
	reports["hotel"] = sample.Hotel()
	for name, r := range reports {
		data, err := encode(r)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, spoil := range []func(map[string]any){
		func(d map[string]any) { d["more"] = 1 },
		func(d map[string]any) { delete(d, "kpis") },
		func(d map[string]any) { d["schema"] = "callsift.report/0" },
		func(d map[string]any) { d["verdict"] = nil },
		func(d map[string]any) { delete(d["findings"].([]any)[0].(map[string]any), "owner") },
		func(d map[string]any) { d["codes"].([]any)[0].(map[string]any)["count"] = "many" },
		func(d map[string]any) { d["period"].(map[string]any)["from"] = "Monday" },
	} {
		data, _ := encode(sample.Hotel())
		var doc map[string]any
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		if err := d.Decode(&doc); err != nil {
			t.Fatal(err)
		}
		spoil(doc)
		if err := schema.Validate(doc); err == nil {
			t.Error("a spoilt report.json passes")
		}
	}
	for _, name := range []string{"kpis", "findings", "changes", "ledger"} {
		if !strings.Contains(string(Schema()), `"description": "`+schemaNotes[name]) {
			t.Errorf("%s is not described", name)
		}
	}
}
