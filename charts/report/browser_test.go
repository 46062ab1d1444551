package report

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"callsift/charts"
	"callsift/charts/internal/sample"
)

// tab is a page of a headless Chromium with what it asked for and complained of.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	requests []string
	console  []string
}

// openTab starts a browser, or skips the test where there is none.
func openTab(t *testing.T) *tab {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no chromium here: the page is not tried in a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.WSURLReadTimeout(2*time.Minute), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1200, 1000))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	b := &tab{t: t, ctx: ctx}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, func(ev any) {
		if e, ok := ev.(*network.EventRequestWillBeSent); ok {
			b.mu.Lock()
			b.requests = append(b.requests, e.Request.URL)
			b.mu.Unlock()
		}
	}); err != nil {
		t.Fatal(err)
	}
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			b.mu.Lock()
			b.console = append(b.console, string(m.Type)+": "+m.Text)
			b.mu.Unlock()
		}
	}()
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// get is the value of a JavaScript expression.
func get[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until waits for an expression to be true.
func (b *tab) until(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](expression)); err != nil {
		b.t.Errorf("not so in the end: %s: %v", expression, err)
	}
}

// media shows the page as a medium and colour scheme would have it.
func (b *tab) media(medium, scheme string) {
	b.t.Helper()
	p := emulation.SetEmulatedMediaParams{Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, p); err != nil {
		b.t.Fatal(err)
	}
}

// picture keeps a screenshot in the folder of CALLSIFT_LOOK, for a person to
// look at.
func (b *tab) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("CALLSIFT_LOOK")
	if dir == "" {
		return
	}
	data, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), data, 0o644)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// sampleCalls are calls behind the hotel's figures, the first ones with ladders.
func sampleCalls(r interface{ Named() []string }) []Call {
	hosts := []string{"192.0.2.10:5060", "198.51.100.7:5060"}
	var calls []Call
	for i, id := range append(r.Named(), "c-extra-1", "c-extra-2", "c-extra-3") {
		at := sample.Monday.Add(38*time.Hour + time.Duration(i)*17*time.Minute)
		c := Call{ID: id, Start: at, Caller: "201", Callee: "03023125408", Result: "503 failed", Cause: "Q.850 34", PDD: 3810, Talk: -1,
			Keys: map[string][]string{"class": {"5xx"}, "code": {"503"}, "cause_code": {"503"}, "cause": {"Q.850 34"}, "outcome": {"failed"}, "trunk": {"carrier-a"}, "day": {at.Format("2006-01-02")},
				"weekday": {at.Format("Mon")}, "hour": {at.Format("15")}, "at": {integer(at.UnixMilli())}}}
		if i%3 == 2 {
			c.Result, c.Cause = "answered", ""
			c.Keys["class"], c.Keys["code"], c.Keys["outcome"], c.Keys["trunk"], c.Talk = []string{"2xx"}, []string{"200"}, []string{"answered"}, []string{"carrier-b"}, 61000
		}
		if i < 5 {
			for k, text := range []string{"INVITE (SDP)", "100 Trying", "503 Service Unavailable", "ACK"} {
				m := charts.Message{Time: at.Add(time.Duration(k) * 40 * time.Millisecond), From: hosts[k%3&1], To: hosts[1-k%3&1], Text: text, Place: "site/mx60-sip.log.gz:" + integer(int64(100*i+k)), Raw: "Nov 10 14:07:12 mx60 " + text + "\r\nVia: SIP/2.0/UDP 192.0.2.10\r\n"}
				if k == 1 || k == 2 {
					m.From, m.To = hosts[1], hosts[0]
				} else {
					m.From, m.To = hosts[0], hosts[1]
				}
				if k == 2 {
					m.Detail = "Retry-After: 30"
				}
				c.Messages = append(c.Messages, m)
			}
			c.Story = []string{"Failed: 503 Service Unavailable after 3.81 s."}
		}
		calls = append(calls, c)
	}
	return calls
}

// TestBrowser opens the page from a file as a user does.
func TestBrowser(t *testing.T) {
	b := openTab(t)
	r := sample.Hotel()
	files, err := pack(r, Options{Tool: "callsift test", Chart: charts.Options{Scale: 1}, Calls: sampleCalls(r), ShowSQL: true, CallsCommand: "callsift calls --week 2026-W46"})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "report.html")
	for _, f := range files {
		if f.path == "report.html" {
			if err := os.WriteFile(path, f.data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.media("screen", "light")
	b.do(chromedp.Navigate("file://" + path))

	for _, x := range []struct {
		name string
		try  func(*testing.T)
	}{{"sorts", b.sorts}, {"filters", b.filters}, {"leads to calls", b.leads}, {"themes", b.themes}, {"is accessible", b.accessible}, {"keyboard", b.keyboard}} {
		t.Run(x.name, func(t *testing.T) {
			b.t = t
			x.try(t)
		})
	}

	b.mu.Lock()
	defer b.mu.Unlock()
	for _, u := range b.requests {
		if u != "file://"+path && !strings.HasPrefix(u, "file://"+path+"#") && !strings.HasPrefix(u, "data:") {
			t.Errorf("the page asked for %s", u)
		}
	}
	if len(b.requests) == 0 {
		t.Error("no request was seen, not even that of the page: this check sees nothing")
	}
	for _, m := range b.console {
		t.Errorf("console: %s", m)
	}
}

func (b *tab) sorts(t *testing.T) {
	column := func() []float64 {
		return get[[]float64](b, `[...document.querySelectorAll("#t-trunks tbody tr")].map(r => Number(r.cells[4].querySelector("data").value))`)
	}
	click := `document.querySelectorAll("#t-trunks thead .sort")[4].click()`
	get[chromedp.Void](b, click)
	down := column()
	get[chromedp.Void](b, click)
	up := column()
	if len(down) != 3 || down[0] != 213 || up[0] != 31 || up[2] != 213 {
		t.Errorf("failed column %v, then %v", down, up)
	}
	if s := get[string](b, `document.querySelectorAll("#t-trunks thead th")[4].getAttribute("aria-sort")`); s != "ascending" {
		t.Errorf("aria-sort %q", s)
	}
	// The sum of all stays at the end.
	get[chromedp.Void](b, `document.querySelectorAll("#t-classes thead .sort")[1].click()`)
	if s := get[string](b, `document.querySelector("#t-classes tbody tr:last-child th").textContent`); s != "all" {
		t.Errorf("last row of the classes is %q", s)
	}
}

func (b *tab) filters(t *testing.T) {
	b.do(chromedp.SendKeys(chromedp.CSS("#f-t-codes"), "service 503"))
	shown := get[[]string](b, `[...document.querySelectorAll("#t-codes tbody tr")].filter(r => !r.hidden).map(r => r.cells[0].firstChild.nextSibling.textContent.trim())`)
	if len(shown) != 1 || !strings.HasPrefix(shown[0], "503") {
		t.Errorf("filter shows %q", shown)
	}
	if s := get[string](b, `document.querySelector("#t-codes").closest(".scroll").previousElementSibling.querySelector("output").textContent`); s != "1 / 12" {
		t.Errorf("told %q", s)
	}
	get[chromedp.Void](b, `(() => { const f = document.querySelector("#f-t-codes"); f.value = ""; f.dispatchEvent(new Event("input")); })()`)
}

// leads goes from a figure to its calls, to a ladder, to the raw lines.
func (b *tab) leads(t *testing.T) {
	all := get[int](b, `document.querySelectorAll("#t-calls tbody tr").length`)
	visible := `[...document.querySelectorAll("#t-calls tbody tr")].filter(r => !r.hidden).length`
	b.do(chromedp.Click(chromedp.CSS(`#t-codes a.calls[data-where="code=503&outcome=failed"]`)))
	n := get[int](b, visible)
	if n == 0 || n >= all {
		t.Errorf("%d of %d calls are shown", n, all)
	}
	told := get[string](b, `document.querySelector("#calls-shown").textContent`)
	if want := integer(int64(n)) + " of the 178 calls behind this figure are in this file (code 503; outcome failed)."; told != want {
		t.Errorf("told %q, want %q", told, want)
	}
	if s := get[string](b, `document.querySelector("#calls-command").textContent`); s != "callsift calls --week 2026-W46 --where code=503 --where outcome=failed" {
		t.Errorf("command %q", s)
	}
	if s := get[string](b, `document.activeElement.id`); s != "h-calls" {
		t.Errorf("the focus is on %q", s)
	}
	// The same from a bar of a chart, and from a finding with its stretch of time.
	get[chromedp.Void](b, `document.querySelector("#calls-all").click()`)
	get[chromedp.Void](b, `document.querySelector('#chart-trunks .wide a[data-where="outcome=failed&trunk=carrier-a"]').dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}))`)
	if m := get[int](b, visible); m != n {
		t.Errorf("the chart leads to %d calls, the table to %d", m, n)
	}
	get[chromedp.Void](b, `document.querySelector("#finding-2 a.calls").click()`)
	if m := get[int](b, visible); m != 0 {
		t.Errorf("%d calls in the second finding, want none in this file", m)
	}
	get[chromedp.Void](b, `document.querySelector("#calls-all").click()`)
	if m := get[int](b, visible); m != all {
		t.Errorf("%d of %d calls after all were asked for", m, all)
	}

	b.do(chromedp.Click(chromedp.CSS(`#t-calls tbody tr:first-child a`)))
	b.until(`document.querySelector("#call-1").open`)
	link := `document.querySelectorAll('#call-1 .ladder a')`
	if n := get[int](b, link+`.length`); n != 4 {
		t.Errorf("%d arrows lead to raw lines, want 4", n)
	}
	get[chromedp.Void](b, link+`[2].dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}))`)
	b.until(`document.querySelector("#call-1 details.raw").open`)
	if s := get[string](b, `document.activeElement.nextElementSibling.textContent`); !strings.HasPrefix(s, "Nov 10 14:07:12 mx60 503 Service Unavailable") {
		t.Errorf("raw lines %q", s)
	}
	b.picture("calls")
	get[chromedp.Void](b, `document.querySelectorAll("details").forEach(d => d.open = false)`)
}

func (b *tab) themes(t *testing.T) {
	paper := `getComputedStyle(document.body).backgroundColor`
	light := get[string](b, paper)
	b.picture("light")
	b.media("screen", "dark")
	dark := get[string](b, paper)
	b.picture("dark")
	get[chromedp.Void](b, `document.querySelector("#theme").click()`)
	if again := get[string](b, paper); dark == light || again != light {
		t.Errorf("light %s, dark %s, after the button %s", light, dark, again)
	}
	get[chromedp.Void](b, `delete document.documentElement.dataset.theme`)
	b.media("print", "dark")
	if s := get[string](b, paper); s != "rgb(255, 255, 255)" {
		t.Errorf("printed on %s", s)
	}
	if s := get[string](b, `getComputedStyle(document.querySelector("nav")).display + getComputedStyle(document.querySelector(".filter")).display`); s != "nonenone" {
		t.Errorf("navigation and filters in print: %s", s)
	}
	if dir := os.Getenv("CALLSIFT_LOOK"); dir != "" {
		yes := true
		res, err := chromedp.Call(b.ctx, cdppage.PrintToPDF, cdppage.PrintToPDFParams{PrintBackground: &yes, PreferCSSPageSize: &yes})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "print.pdf"), []byte(res.Data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b.media("screen", "light")
	b.do(chromedp.EmulateViewport(390, 800))
	if over := get[int](b, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
		t.Errorf("on a phone the page is %d pixels too wide", over)
	}
	b.picture("phone")
	b.do(chromedp.EmulateViewport(1200, 1000))
}

// accessible runs axe-core, whose file AXE_CORE names, in light and dark.
func (b *tab) accessible(t *testing.T) {
	file := os.Getenv("AXE_CORE")
	if file == "" {
		t.Skip("AXE_CORE does not name axe.min.js: accessibility is not checked")
	}
	script, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	get[chromedp.Void](b, `document.querySelectorAll("details").forEach(d => d.open = true)`)
	get[chromedp.Void](b, string(script)+"\n;undefined")
	for _, scheme := range []string{"light", "dark"} {
		b.media("screen", scheme)
		ctx, cancel := context.WithTimeout(b.ctx, 2*time.Minute)
		text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations.map(v => ({id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map(n => n.html.slice(0, 160) + " " + (n.any[0]?.message || ""))}))))`, chromedp.EvalAwaitPromise))
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		var found []struct {
			ID, Impact, Help string
			Nodes            []string
		}
		if err := json.Unmarshal([]byte(text), &found); err != nil {
			t.Fatal(err)
		}
		for _, v := range found {
			t.Errorf("%s: %s (%s): %s, %d times: %s", scheme, v.ID, v.Impact, v.Help, len(v.Nodes), v.Nodes[0])
		}
	}
	b.media("screen", "light")
	get[chromedp.Void](b, `document.querySelectorAll("details").forEach(d => d.open = false)`)
}

// keyboard reaches the skip link first and sorts with the space bar.
func (b *tab) keyboard(t *testing.T) {
	get[chromedp.Void](b, `(() => { location.hash = ""; document.activeElement.blur(); scrollTo(0, 0); document.querySelector(".skip").focus(); })()`)
	if s := get[string](b, `document.activeElement.className`); s != "skip" {
		t.Errorf("focus on %q", s)
	}
	get[chromedp.Void](b, `document.querySelector("#t-trunks thead .sort").focus()`)
	b.do(chromedp.SendKeys(chromedp.CSS("#t-trunks thead .sort"), " "))
	if s := get[string](b, `document.querySelector("#t-trunks thead th").getAttribute("aria-sort")`); s != "ascending" {
		t.Errorf("aria-sort %q after the space bar", s)
	}
	b.until(`document.querySelector("#status").textContent.includes("Trunk")`)
}
