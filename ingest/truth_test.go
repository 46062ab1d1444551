package ingest

import (
	"archive/tar"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"callsift/store"
)

// labTruth is what the laboratory's callers saw, by method and final status.
type labTruth struct {
	Invite   map[string]int64 `json:"invite_final"`
	Register map[string]int64 `json:"register_final"`
	Options  map[string]int64 `json:"options_final"`
}

func readTruth(t testing.TB, lab string) (truth labTruth) {
	t.Helper()
	data, err := os.ReadFile(labFile(t, lab+"/truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &truth); err != nil {
		t.Fatal(err)
	}
	return truth
}

// finals counts calls and requests by final status.
func finals(t testing.TB, db *store.DB) labTruth {
	t.Helper()
	got := labTruth{map[string]int64{}, map[string]int64{}, map[string]int64{}}
	for _, row := range selected(t, db, `SELECT p.method, CASE p.code WHEN 0 THEN 'none' ELSE CAST(p.code AS TEXT) END, sum(r.n)
		FROM rollup r JOIN profile p ON p.id = r.profile WHERE p.scope >= 2 GROUP BY 1, 2`) {
		method, code, n := row[0].(string), row[1].(string), row[2].(int64)
		switch method {
		case "INVITE":
			got.Invite[code] = n
		case "REGISTER":
			got.Register[code] = n
		case "OPTIONS":
			got.Options[code] = n
		default:
			t.Errorf("%d requests of method %s", n, method)
		}
	}
	return got
}

// unzstd unpacks a file of the corpus into dir; a tar into its files.
func unzstd(t testing.TB, dir, name string) []string {
	t.Helper()
	f, err := os.Open(labFile(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	save := func(name string, r io.Reader) string {
		path := filepath.Join(dir, filepath.Base(name))
		out, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(out, r); err != nil {
			t.Fatal(err)
		}
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	base := name[:len(name)-len(".zst")]
	if filepath.Ext(base) != ".tar" {
		return []string{save(base, z)}
	}
	var files []string
	for tr := tar.NewReader(z); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			files = append(files, save(h.Name, tr))
		}
	}
}

// checkTruth holds the counts and the ledger of a database against the truth.
func checkTruth(t *testing.T, want labTruth, files ...string) {
	t.Helper()
	begin := time.Now()
	db := imported(t, files...)
	t.Logf("imported in %s", time.Since(begin).Round(time.Millisecond))
	if d := cmp.Diff(want, finals(t, db)); d != "" {
		t.Errorf("finals (-truth +counted)\n%s", d)
	}
	checkLedger(t, db)
}

// TestLabSmallTruth: the capture, the logs of all endpoints, and both together
// give the codes that the callers saw.
func TestLabSmallTruth(t *testing.T) {
	want := readTruth(t, "lab-small")
	pcap, logs := labFile(t, "lab-small/lab.pcap"), sippLogs(t)
	t.Run("capture", func(t *testing.T) { checkTruth(t, want, pcap) })
	t.Run("logs", func(t *testing.T) { checkTruth(t, want, logs...) })
	t.Run("both", func(t *testing.T) { checkTruth(t, want, append([]string{pcap}, logs...)...) })
}

// TestLabBigTruth: the same at a hundred times the size.
func TestLabBigTruth(t *testing.T) {
	if testing.Short() {
		t.Skip("600 MB to read")
	}
	want := readTruth(t, "lab-big")
	dir := t.TempDir()
	for name, file := range map[string]string{"capture": "lab-big/lab.pcap.zst", "logs": "lab-big/sipp.tar.zst"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkTruth(t, want, unzstd(t, dir, file)...)
		})
	}
}
