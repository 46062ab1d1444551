package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what the commands print into the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"callsift": main})
}

// TestScript runs testdata/script: a file a command, success and every kind of
// failure, with stdout, stderr and the exit status. All scripts begin with the
// files of testdata/input in their folder and no database.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TZ", "America/New_York") // nothing may depend on it
			site, err := filepath.Abs(siteDir)
			if err != nil {
				return err
			}
			env.Setenv("SITE", site)
			return os.CopyFS(env.WorkDir, os.DirFS("testdata/input"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": statusCmd, "gzip": gzipCmd, "pcap": pcapCmd, "mode": modeCmd, "same": sameCmd, "fields": fieldsCmd, "header": headerCmd,
		},
	})
}

// statusCmd: status N CMD ARGS... runs a command that must end with status N.
func statusCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command args...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// gzipCmd: gzip FILE OUT [N]. The last N bytes are left off.
func gzipCmd(ts *testscript.TestScript, neg bool, args []string) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	ts.Check(z.Close())
	if len(args) > 2 {
		n, err := strconv.Atoi(args[2])
		ts.Check(err)
		b.Truncate(b.Len() - n)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b.Bytes(), 0o644))
}

// pcapCmd: pcap FILE OUT makes a capture of the messages in FILE. Each begins
// with a line "# TIME SRC DST"; \n is sent as CRLF.
func pcapCmd(ts *testscript.TestScript, neg bool, args []string) {
	const linkTypeRaw = 101
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	for _, v := range []uint32{2 | 4<<16, 0, 0, 65535, linkTypeRaw} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	for _, part := range strings.Split("\n"+ts.ReadFile(args[0]), "\n# ")[1:] {
		head, body, _ := strings.Cut(part, "\n")
		f := strings.Fields(head)
		at, err := time.Parse(time.RFC3339Nano, f[0])
		ts.Check(err)
		frame := udpFrame(f[1], f[2], strings.ReplaceAll(strings.TrimRight(body, "\n")+"\n\n", "\n", "\r\n"))
		for _, v := range []int{int(at.Unix()), at.Nanosecond() / 1000, len(frame), len(frame)} {
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		}
		b = append(b, frame...)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o644))
}

// udpFrame is payload in UDP in IPv4, port 5060 to 5060.
func udpFrame(src, dst, payload string) []byte {
	udp := []byte{5060 >> 8, 5060 & 0xff, 5060 >> 8, 5060 & 0xff, 0, 0, 0, 0} // no checksum: allowed in IPv4
	binary.BigEndian.PutUint16(udp[4:], uint16(8+len(payload)))
	ip := make([]byte, 20)
	ip[0], ip[8], ip[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(ip[2:], uint16(20+len(udp)+len(payload)))
	copy(ip[12:], parseIP(src))
	copy(ip[16:], parseIP(dst))
	sum := uint32(0)
	for i := 0; i < 20; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(ip[i:]))
	}
	binary.BigEndian.PutUint16(ip[10:], ^uint16(sum+sum>>16))
	return append(append(ip, udp...), payload...)
}

func parseIP(s string) []byte {
	ip := make([]byte, 4)
	fmt.Sscanf(s, "%d.%d.%d.%d", &ip[0], &ip[1], &ip[2], &ip[3])
	return ip
}

// modeCmd: mode FILE 0600.
func modeCmd(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[1] {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}

// sameCmd: same DIR DIR compares two folders byte by byte; ! same.
func sameCmd(ts *testscript.TestScript, neg bool, args []string) {
	a, b := readTree(ts, args[0]), readTree(ts, args[1])
	var differ []string
	for name := range a {
		if a[name] != b[name] {
			differ = append(differ, name)
		}
	}
	equal := len(differ) == 0 && len(a) == len(b) && len(a) > 0
	if equal == neg {
		ts.Fatalf("%d and %d files, different: %v", len(a), len(b), differ)
	}
}

func readTree(ts *testscript.TestScript, dir string) map[string]string {
	root := ts.MkAbs(dir)
	files := map[string]string{}
	ts.Check(filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, root)] = string(text)
		return err
	}))
	return files
}

// fieldsCmd: fields FILE NAME... checks that the JSON object in FILE, or the
// first of an array, has exactly these names, in this order.
func fieldsCmd(ts *testscript.TestScript, neg bool, args []string) {
	d := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	var names []string
	depth, inArray, isKey := 0, map[int]bool{}, false
	for {
		tok, err := d.Token()
		if err != nil {
			break
		}
		delim, _ := tok.(json.Delim)
		switch {
		case delim == '[' && len(names) == 0 && depth == 0:
			// the list around the objects
		case delim == '{' || delim == '[':
			depth++
			inArray[depth], isKey = delim == '[', delim == '{'
		case delim == '}' || delim == ']':
			depth--
			if depth == 0 && delim == '}' {
				checkNames(ts, names, args[1:])
				return
			}
			isKey = !inArray[depth]
		case isKey:
			if depth == 1 {
				names = append(names, tok.(string))
			}
			isKey = false
		default:
			isKey = !inArray[depth]
		}
	}
	ts.Fatalf("%s: no JSON object", args[0])
}

func checkNames(ts *testscript.TestScript, got, want []string) {
	if fmt.Sprint(got) != fmt.Sprint(want) {
		ts.Fatalf("names are %v\nwant      %v", got, want)
	}
}

// headerCmd: header FILE user_version|application_id N writes a field of a
// database's header behind callsift's back (sqlite.org/fileformat.html §1.3).
func headerCmd(ts *testscript.TestScript, neg bool, args []string) {
	offset := map[string]int64{"user_version": 60, "application_id": 68}[args[1]]
	n, err := strconv.ParseUint(args[2], 10, 32)
	ts.Check(err)
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_RDWR, 0)
	ts.Check(err)
	_, err = f.WriteAt(binary.BigEndian.AppendUint32(nil, uint32(n)), offset)
	ts.Check(err)
	ts.Check(f.Close())
}

// TestInterrupted holds that Ctrl-C ends an import with status 130 and leaves
// the database as it was before the source being read.
func TestInterrupted(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	link := filepath.Join(dir, "callsift")
	if err := os.Symlink(exe, link); err != nil {
		t.Skip(err)
	}
	log, err := os.ReadFile("testdata/input/uac.log")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(link, "import", "--db", filepath.Join(dir, "a.db"), "-")
	cmd.Args[0] = "callsift" // the name by which the test binary is the program
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// More than the sniffer's 64 KiB, so that the reader is at work when the signal comes.
	for range 20 {
		if _, err := stdin.Write(log); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		cmd.Process.Kill()
		t.Fatal("still running 20 s after the signal")
	}
	if got := cmd.ProcessState.ExitCode(); got != exitInterrupted {
		t.Errorf("exit status %d, want %d; %s", got, exitInterrupted, &stderr)
	}
	if !regexp.MustCompile(`^callsift: interrupted`).Match(stderr.Bytes()) {
		t.Errorf("stderr is %q", &stderr)
	}
	var out, errw bytes.Buffer
	if status := run([]string{"ledger", "--db", filepath.Join(dir, "a.db"), "--format", "json"}, nil, &out, &errw); status != 0 {
		t.Fatalf("ledger: status %d: %s", status, &errw)
	}
	var l ledgerJSON
	if err := json.Unmarshal(out.Bytes(), &l); err != nil || l.Messages != 0 || l.Sources != 0 {
		t.Errorf("the interrupted source left %d messages, %d sources; %v", l.Messages, l.Sources, err)
	}
}
