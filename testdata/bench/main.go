// Bench measures callsift against the tools that it is compared with, in turn on
// this machine, and prints what is met of the bounds that were set:
//
//	go run ./testdata/bench            1 M rows, one capture (some minutes)
//	go run ./testdata/bench -big       also 10 M rows and four captures (15 GB of disk)
//	go run ./testdata/bench -runs 9    the medians of nine rounds where they are short, not five
//	go run ./testdata/bench -only csv  one part: csv, pcap, fields, sipp, csv10, pcap4, read
//
// It wants sqlite3 and tshark, and ../shared/corpus for the inputs; what is not
// there is left out, by name. Wall time is only worth something on a machine that
// does nothing else; CPU time and the ratios bear more. Where CPU time is compared, both
// sides run on one and the same core, in each round that which is the faster one then, and
// the least of the rounds counts: on a virtual machine whose cores are lent to others too,
// one of two took 1.6 times as long for the same work, and a program of one thread met the
// one or the other by chance.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

type bench struct {
	dir    string // inputs and databases
	corpus string
	binary string
	runs   int
	only   string
	rows   []result
}

// usage is what a process took: seconds and bytes.
type usage struct {
	wall, cpu float64
	rss       int64
}

// result is one line of the table.
type result struct {
	work, against string
	own, peer     usage
	value         float64 // what is compared with the bounds
	unit          string
	must, aim     float64
	least         bool // value must be at least the bound, else at most
}

func main() {
	big := flag.Bool("big", false, "10 M rows and four captures as well")
	runs := flag.Int("runs", 5, "rounds, fewer of what takes long; the median counts")
	only := flag.String("only", "", "one part alone")
	dir := flag.String("dir", "", "folder for inputs and databases (default: a temporary one, removed at the end)")
	flag.Parse()
	b := &bench{dir: *dir, runs: *runs, only: *only, corpus: filepath.Join("..", "shared", "corpus")}
	if b.dir == "" {
		tmp, err := os.MkdirTemp("", "callsift-bench")
		check(err)
		defer os.RemoveAll(tmp)
		b.dir = tmp
	}
	check(os.MkdirAll(b.dir, 0o755))
	b.binary = filepath.Join(b.dir, "callsift")
	check(run("go", "build", "-o", b.binary, "./cmd/callsift").err)
	fmt.Printf("%s/%s, %d CPUs, %s\n\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), time.Now().Format("2006-01-02 15:04"))
	b.csv()
	b.capture()
	b.sipp()
	if *big {
		b.grown()
	}
	b.print()
}

// want reports whether a part is asked for and its tools and files are there.
func (b *bench) want(part string, needs ...string) bool {
	if b.only != "" && b.only != part {
		return false
	}
	for _, n := range needs {
		if strings.ContainsRune(n, filepath.Separator) {
			if _, err := os.Stat(n); err != nil {
				fmt.Printf("%s left out: no %s\n", part, n)
				return false
			}
		} else if _, err := exec.LookPath(n); err != nil {
			fmt.Printf("%s left out: no %s\n", part, n)
			return false
		}
	}
	return true
}

// csv imports a million rows, and with sqlite3's shell.
func (b *bench) csv() {
	gen := filepath.Join(b.corpus, "gen", "gencdr.go")
	if !b.want("csv", "sqlite3", gen) {
		return
	}
	file := b.master(gen, 1_000_000)
	own, peer := b.compare(func() usage { return b.load("csv.db", file) }, func() usage { return b.sqliteLoad(file) })
	b.add(result{work: "import 1 M-row Master.csv, wall", against: "sqlite3 .import", own: own, peer: peer, value: peer.wall / own.wall, unit: "x", must: 2.5, aim: 5, least: true})
	b.memory("  its peak memory", own)
	rows := float64(size(filepath.Join(b.dir, "csv.db"))) / 1e6
	row := float64(size(file)) / 1e6
	b.add(result{work: fmt.Sprintf("  database a call (CSV row %.0f B)", row), value: rows, unit: "B", must: row / 2, aim: row / 3})
}

// master makes a Master.csv of n rows.
func (b *bench) master(gen string, n int) string {
	file := filepath.Join(b.dir, fmt.Sprintf("Master-%d.csv", n))
	if _, err := os.Stat(file); err != nil {
		check(run("go", "run", gen, "-n", fmt.Sprint(n), "-o", file, "-truth", file+".json").err)
	}
	return file
}

// load imports files into a new database.
func (b *bench) load(db string, files ...string) usage {
	db = filepath.Join(b.dir, db)
	for _, s := range []string{"", "-wal", "-shm"} {
		os.Remove(db + s)
	}
	r := run(b.binary, append([]string{"--quiet", "--db", db, "import"}, files...)...)
	check(r.err)
	return r.usage
}

func (b *bench) sqliteLoad(file string) usage {
	db := filepath.Join(b.dir, "peer.db")
	os.Remove(db)
	r := run("sqlite3", db,
		`CREATE TABLE cdr (accountcode, src, dst, dcontext, clid, channel, dstchannel, lastapp, lastdata, start, answer, "end", duration, billsec, disposition, amaflags, uniqueid, userfield)`,
		".import --csv "+file+" cdr")
	check(r.err)
	return r.usage
}

// capture imports lab-big as a capture, against two ways of tshark.
func (b *bench) capture() {
	packed := filepath.Join(b.corpus, "lab-big", "lab.pcap.zst")
	stat, fields := b.want("pcap", "tshark", packed), b.want("fields", "tshark", packed)
	if !stat && !fields {
		return
	}
	file := b.unzstd(packed, "lab.pcap")
	own := func() usage { return b.load("pcap.db", file) }
	if stat {
		o, p := b.compareCPU(own, func() usage {
			return b.tshark("-r", file, "-q", "-z", "sip,stat", "-o", "sdp.establish_conversation:FALSE")
		})
		b.add(result{work: "import lab-big pcap, CPU", against: "tshark sip,stat", own: o, peer: p, value: p.cpu / o.cpu, unit: "x", must: 6, aim: 12, least: true})
		all, _ := b.compare(own, func() usage { return usage{} })
		b.memory("  its peak memory, on all cores", all)
	}
	if fields {
		o, p := b.compareCPU(own, func() usage { return b.tshark(append([]string{"-r", file}, sipFields()...)...) })
		b.add(result{work: "the same, CPU", against: "tshark, 10 fields", own: o, peer: p, value: p.cpu / o.cpu, unit: "x", must: 20, aim: 40, least: true})
	}
}

func sipFields() []string {
	args := []string{"-Y", "sip", "-T", "fields"}
	for _, f := range []string{"frame.time_epoch", "ip.src", "ip.dst", "sip.Method", "sip.Status-Code", "sip.Call-ID", "sip.CSeq", "sip.from.tag", "sip.to.tag", "sip.Via.branch"} {
		args = append(args, "-e", f)
	}
	return args
}

func (b *bench) tshark(args ...string) usage {
	r := run("tshark", args...)
	check(r.err)
	return r.usage
}

// sipp imports the text logs of the same traffic, against tshark on the capture.
func (b *bench) sipp() {
	logs, packed := filepath.Join(b.corpus, "lab-big", "sipp.tar.zst"), filepath.Join(b.corpus, "lab-big", "lab.pcap.zst")
	if !b.want("sipp", "tshark", "tar", logs, packed) {
		return
	}
	file := b.unzstd(packed, "lab.pcap")
	folder := filepath.Join(b.dir, "sipp")
	if _, err := os.Stat(folder); err != nil {
		tar := b.unzstd(logs, "sipp.tar")
		check(os.MkdirAll(folder, 0o755))
		check(run("tar", "-xf", tar, "-C", folder).err)
		os.Remove(tar)
	}
	o, p := b.compare(func() usage { return b.load("sipp.db", folder) }, func() usage { return b.tshark("-r", file, "-q", "-z", "sip,stat") })
	b.add(result{work: "import lab-big SIPp logs, wall", against: "tshark sip,stat", own: o, peer: p, value: p.wall / o.wall, unit: "x", must: 4, aim: 10, least: true})
	b.memory("  its peak memory", o)
}

// longRounds is when no further round begins. The short commands need several: other
// guests of a host make one and the same command take up to half as long again.
const longRounds = 40 * time.Second

// longCPURounds is the same for what is compared by CPU time: in 40 s there is time for
// three rounds of the capture's row, and from one to the next callsift took up to 1.5 times as long.
const longCPURounds = 2 * time.Minute

// compareCPU runs both sides in turn, each round on one core where the system lets us, and
// gives the runs that took the least CPU time: what else goes on only adds to it.
func (b *bench) compareCPU(own, peer func() usage) (usage, usage) {
	o, p := b.inTurn(longCPURounds, func() usage {
		core = fasterCore()
		return own()
	}, func() usage {
		defer func() { core = "" }()
		return peer()
	})
	return least(o), least(p)
}

func least(list []usage) usage {
	return slices.MinFunc(list, func(x, y usage) int { return cmp.Compare(x.cpu, y.cpu) })
}

// compare runs both sides in turn and gives the medians.
func (b *bench) compare(own, peer func() usage) (usage, usage) {
	o, p := b.inTurn(longRounds, own, peer)
	return median(o), median(p)
}

// inTurn runs both sides in turn, runs times or as often as there is time.
func (b *bench) inTurn(limit time.Duration, own, peer func() usage) (o, p []usage) {
	for begun := time.Now(); len(o) == 0 || len(o) < b.runs && time.Since(begun) < limit; {
		o, p = append(o, own()), append(p, peer())
	}
	return o, p
}

func median(list []usage) usage {
	mid := func(f func(usage) float64) float64 {
		v := make([]float64, len(list))
		for i, u := range list {
			v[i] = f(u)
		}
		slices.Sort(v)
		return v[len(v)/2]
	}
	return usage{mid(func(u usage) float64 { return u.wall }), mid(func(u usage) float64 { return u.cpu }), int64(mid(func(u usage) float64 { return float64(u.rss) }))}
}

func (b *bench) add(r result) {
	b.rows = append(b.rows, r)
	fmt.Fprintf(os.Stderr, "%s: %.4g %s\n", r.work, r.value, r.unit)
}

func (b *bench) memory(work string, u usage) {
	b.add(result{work: work, own: u, value: float64(u.rss) / (1 << 20), unit: "MiB", must: 64, aim: 48})
}

func (b *bench) print() {
	fmt.Printf("%-36s %-18s %22s %22s %10s %8s %8s  %s\n", "work", "against", "callsift wall/CPU s", "peer wall/CPU s", "result", "must", "aim", "")
	for _, r := range b.rows {
		fmt.Printf("%-36s %-18s %22s %22s %10s %8s %8s  %s\n", r.work, r.against, r.own, r.peer,
			number(r.value, r.unit), number(r.must, r.unit), number(r.aim, r.unit), r.verdict())
	}
}

func (u usage) String() string {
	if u.wall == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f / %.2f", u.wall, u.cpu)
}

func number(v float64, unit string) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf("%.3g %s", v, unit)
}

func (r result) verdict() string {
	meets := func(bound float64) bool { return r.least && r.value >= bound || !r.least && r.value <= bound }
	switch {
	case r.must == 0:
		return ""
	case meets(r.aim):
		return "aim met"
	case meets(r.must):
		return "must met"
	}
	return "MISSED"
}

type ran struct {
	usage
	err error
}

// run runs a program; its output is only shown if it fails.
func run(name string, args ...string) ran {
	cmd := exec.Command(name, args...)
	if core != "" {
		cmd = exec.Command("taskset", append([]string{"-c", core, name}, args...)...)
	}
	cmd.Stdout = io.Discard
	var said strings.Builder
	cmd.Stderr = &said
	syscall.Sync() // what the run before wrote is not written in this one's time
	start := time.Now()
	err := cmd.Start()
	var peak int64
	if err == nil {
		ended := make(chan bool)
		watched := make(chan int64)
		go func() { watched <- peakOf(cmd.Process.Pid, ended) }()
		err = cmd.Wait()
		close(ended)
		peak = <-watched
	}
	u := usage{wall: time.Since(start).Seconds()}
	if s := cmd.ProcessState; s != nil {
		u.cpu = (s.UserTime() + s.SystemTime()).Seconds()
		if ru, ok := s.SysUsage().(*syscall.Rusage); ok {
			u.rss = int64(ru.Maxrss)
			if runtime.GOOS != "darwin" { // kilobytes everywhere else
				u.rss *= 1024
			}
		}
		if peak > 0 {
			u.rss = peak
		}
	}
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", name, err, said.String())
	}
	return ran{u, err}
}

// peakOf is the most memory that a process has held, asked until it has ended,
// where /proc tells it; 0 elsewhere. What the system tells at the end begins with
// what this program held when it started the other (Linux, getrusage). Of callsift's, 18
// to 25 MiB are its own file: a new file's pages are larger, and more of it counts.
func peakOf(pid int, ended chan bool) (peak int64) {
	for {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if _, rest, ok := strings.Cut(string(text), "VmHWM:"); ok {
			var kib int64
			fmt.Sscan(rest, &kib)
			peak = max(peak, kib*1024)
		}
		select {
		case <-ended:
			return peak
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func size(path string) int64 {
	info, err := os.Stat(path)
	check(err)
	return info.Size()
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
