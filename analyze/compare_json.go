package analyze

import (
	"encoding/json"
	"math"
	"strconv"
)

// jsonNumber is nil for what JSON has no number for, and short of rounding noise.
func jsonNumber(f float64, ok bool) *float64 {
	if !ok || math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	f = math.Round(f*1e6) / 1e6
	return &f
}

type sideJSON struct {
	Value       *float64 `json:"value"`
	Numerator   *int64   `json:"numerator,omitempty"`
	Denominator *int64   `json:"denominator,omitempty"`
}

func newSideJSON(kind string, r Ratio, value float64, ok bool) sideJSON {
	s := sideJSON{Value: jsonNumber(value, ok)}
	if kind == KindRatio {
		s.Numerator, s.Denominator = &r.Num, &r.Den
	}
	return s
}

// MarshalJSON writes the stable form of a row; ratios are fractions, what was not
// tested is null.
func (c Change) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Key         string   `json:"key"`
		Label       string   `json:"label"`
		Unit        string   `json:"unit"`
		Now         sideJSON `json:"now"`
		Before      sideJSON `json:"before"`
		Diff        *float64 `json:"diff"`
		Low         *float64 `json:"low"`
		High        *float64 `json:"high"`
		Z           *float64 `json:"z"`
		P           *float64 `json:"p"`
		Phi         *float64 `json:"phi"`
		Significant bool     `json:"significant"`
		Material    bool     `json:"material"`
		Arrow       Arrow    `json:"arrow"`
		Median      *float64 `json:"median"`
		Weeks       int      `json:"weeks"`
		New         bool     `json:"new"`
		Gone        bool     `json:"gone"`
		Note        string   `json:"note"`
	}{
		c.Key, c.Label, c.Unit, newSideJSON(c.Kind, c.Now, c.NowValue, c.NowOK), newSideJSON(c.Kind, c.Before, c.BeforeValue, c.BeforeOK),
		jsonNumber(c.Diff, c.NowOK && c.BeforeOK), jsonNumber(c.Low, c.Tested), jsonNumber(c.High, c.Tested), jsonNumber(c.Z, c.Tested && c.Z != 0), jsonNumber(c.P, c.Tested), jsonNumber(c.Phi, c.Tested),
		c.Significant, c.Material, c.Arrow, jsonNumber(c.Median, c.MedianOK), c.Weeks, c.New, c.Gone, c.Note,
	})
}

type periodJSON struct {
	Label string `json:"label"`
	From  string `json:"from"`
	To    string `json:"to"`
}

func newPeriodJSON(p Period) periodJSON {
	return periodJSON{p.Label, rfc3339(p.From), rfc3339(p.To)}
}

// MarshalJSON writes the stable form.
func (c Comparison) MarshalJSON() ([]byte, error) {
	type table struct {
		By   string   `json:"by"`
		What string   `json:"what"`
		Note string   `json:"note,omitempty"`
		Rows []Change `json:"rows"`
	}
	tables := []table{}
	for _, t := range c.Tables {
		tables = append(tables, table{t.By, t.What, t.Note, append([]Change{}, t.Rows...)})
	}
	return json.Marshal(struct {
		Scope    string     `json:"scope"`
		Method   string     `json:"method"`
		Zone     string     `json:"zone"`
		Now      periodJSON `json:"now"`
		Before   periodJSON `json:"before"`
		With     string     `json:"with"`
		Weeks    int        `json:"weeks"`
		Baseline bool       `json:"baseline"`
		Effects  struct {
			Total  *float64 `json:"total"`
			Rate   *float64 `json:"rate"`
			Mix    *float64 `json:"mix"`
			Volume *float64 `json:"volume"`
		} `json:"effects"`
		Tables   []table  `json:"tables"`
		LeftOut  []string `json:"left_out"`
		Warnings []string `json:"warnings"`
	}{c.Scope, c.Method, c.Zone, newPeriodJSON(c.Now), newPeriodJSON(c.Before), c.With, c.Weeks, c.Baseline, struct {
		Total  *float64 `json:"total"`
		Rate   *float64 `json:"rate"`
		Mix    *float64 `json:"mix"`
		Volume *float64 `json:"volume"`
	}{jsonNumber(c.Effects.Total, true), jsonNumber(c.Effects.Rate, true), jsonNumber(c.Effects.Mix, true), jsonNumber(c.Effects.Volume, true)}, tables, append([]string{}, c.LeftOut...), append([]string{}, c.Warnings...)})
}

// MarshalJSON writes the stable form: the keys as an object with the code as a
// number, times as RFC 3339.
func (f Finding) MarshalJSON() ([]byte, error) {
	keys := map[string]any{}
	for _, k := range f.Keys {
		keys[k.Key] = k.Value
		if k.Key == "code" {
			if n, err := strconv.Atoi(k.Value); err == nil {
				keys[k.Key] = n
			}
		}
	}
	return json.Marshal(struct {
		Rank       int            `json:"rank"`
		Title      string         `json:"title"`
		Symptom    string         `json:"symptom"`
		Scope      string         `json:"scope"`
		Keys       map[string]any `json:"keys"`
		From       string         `json:"from"`
		To         string         `json:"to"`
		Ongoing    bool           `json:"ongoing"`
		Daily      string         `json:"daily"`
		Count      int64          `json:"count"`
		Failed     int64          `json:"failed"`
		Expected   *float64       `json:"expected"`
		Excess     *float64       `json:"excess"`
		Share      *float64       `json:"share"`
		Lift       *float64       `json:"lift"`
		LiftLow    *float64       `json:"lift_low"`
		LiftHigh   *float64       `json:"lift_high"`
		Coverage   *float64       `json:"coverage"`
		Cause      string         `json:"cause"`
		Why        string         `json:"why"`
		Evidence   []string       `json:"evidence"`
		Refute     []string       `json:"refute"`
		Confidence *float64       `json:"confidence"`
		Owner      Owner          `json:"owner"`
		FirstCheck string         `json:"first_check"`
		Setting    string         `json:"setting"`
		Calls      []string       `json:"calls"`
	}{f.Rank, f.Title, f.Symptom, f.Scope, keys, rfc3339(f.From), rfc3339(f.To), f.Ongoing, f.Daily, f.Count, f.Failed,
		jsonNumber(f.Expected, true), jsonNumber(f.Excess, true), jsonNumber(f.Share, true), jsonNumber(f.Lift, true), jsonNumber(f.LiftLow, true), jsonNumber(f.LiftHigh, true),
		jsonNumber(f.Coverage, true), f.Cause, f.Why, append([]string{}, f.Evidence...), append([]string{}, f.Refute...), jsonNumber(f.Confidence, true),
		f.Owner, f.FirstCheck, f.Setting, append([]string{}, f.Calls...)})
}
