package report

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"callsift/charts"
	"callsift/charts/internal/sample"
	"callsift/charts/internal/words"
)

// No heading, column, caption or label of the report lacks its Chinese; names and the
// trade's short words stay.
func TestNothingLacksChinese(t *testing.T) {
	stays := []string{"PDD", "ASR", "NER", "User-Agent", "2026-W46", "hotel"}
	check := func(what, text string) {
		if text != "" && strings.ContainsFunc(text, func(r rune) bool { return r >= 'a' && r <= 'z' }) && !strings.ContainsFunc(text, func(r rune) bool { return r >= 0x4E00 && r < 0xA000 }) {
			for _, s := range stays {
				if text == s {
					return
				}
			}
			t.Errorf("%s %q has no Chinese", what, text)
		}
	}
	opt := Options{Chart: charts.Options{Lang: "zh"}}
	for _, s := range contents(sample.Hotel(), opt, nil) {
		check("title", s.Title)
		check("short title", s.Nav)
		for _, p := range s.Parts {
			switch {
			case p.Heading != nil:
				check("heading", p.Heading.Text)
			case p.Grid != nil:
				check("label", p.Grid.Label)
				check("caption", p.Grid.Caption)
				for _, c := range p.Grid.Cols {
					check("column", c.Name)
					check("column", c.Small)
				}
			case p.Finding != nil:
				for _, l := range p.Finding.Lines {
					check("line", l.Lead)
				}
			}
			for _, x := range p.Terms[max(0, len(p.Terms)-4):] { // the others are the trade's names
				check("term", x.Name)
			}
		}
	}
	for _, name := range charts.Names() {
		fig, err := charts.New(name, sample.Hotel())
		if err != nil {
			t.Fatal(err)
		}
		check("chart", words.Chinese.Say(fig.Title))
	}
	for _, tab := range tables(sample.Hotel()) {
		check("sheet", sheetName(tab.name, words.Chinese))
	}
}

// The forms in Chinese hold the same numbers; without a font that has Chinese the
// drawings and the PDF are English, and a warning says so.
func TestChinese(t *testing.T) {
	r := sample.Hotel()
	opt := Options{Chart: charts.Options{Lang: "zh", Scale: 1}}
	files := map[string][]byte{}
	list, err := pack(r, opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		files[f.path] = f.data
	}
	for path, want := range map[string]string{"report.html": "关键指标", "report.md": "## 结论", "charts/codes.svg": "未应答呼叫的响应码"} {
		if !bytes.Contains(files[path], []byte(want)) {
			t.Errorf("%s: no %q", path, want)
		}
	}
	if !strings.Contains(unzipped(t, files["report.xlsx"]), "响应码") {
		t.Error("no Chinese in the workbook")
	}
	english, err := encode(r)
	if err != nil || !bytes.Equal(files["report.json"], english) {
		t.Errorf("report.json depends on the language: %v", err)
	}
	plain, _ := drawing(r, "codes", "png", charts.Options{Scale: 1})
	if !bytes.Equal(files["charts/codes.png"], plain) {
		t.Error("a PNG in a font without Chinese is not the English one")
	}
	if w := strings.Join(Warnings(r, opt), "\n"); !strings.Contains(w, "has no Chinese") {
		t.Errorf("warnings %q", w)
	}
	if w := Warnings(r, Options{}); len(w) != 0 {
		t.Errorf("in English: %q", w)
	}
}

// With a Chinese font, a collection among them, PNG and PDF are Chinese, and nothing
// lacks a glyph.
func TestChineseFont(t *testing.T) {
	const font = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"
	if _, err := os.Stat(font); err != nil {
		t.Skip("fonts-wqy-microhei is not installed: a Chinese font is not tried")
	}
	r := sample.Hotel()
	opt := Options{Chart: charts.Options{Lang: "zh", Font: font, Scale: 1}}
	if w := Warnings(r, opt); len(w) != 0 {
		t.Errorf("warnings %q", w)
	}
	english, err := drawing(r, "codes", "png", charts.Options{Font: font, Scale: 1})
	if err != nil {
		t.Fatal(err)
	}
	chinese, err := drawing(r, "codes", "png", opt.drawings())
	if err != nil || bytes.Equal(english, chinese) {
		t.Errorf("the PNG is the English one: %v", err)
	}
	sheet, err := printed(r, opt)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(sheet, []byte("%PDF-")) || bytes.Contains(sheet, []byte("Liberation")) {
		t.Error("the PDF is not in the font")
	}
	if again, _ := printed(r, opt); !bytes.Equal(sheet, again) {
		t.Error("another PDF on a second run")
	}
}
