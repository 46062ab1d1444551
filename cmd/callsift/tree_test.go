package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTreeNamesNoMachine: nothing in the tree depends on, or tells of, the
// folders of the machine that it was written on.
func TestTreeNamesNoMachine(t *testing.T) {
	root := "../.."
	home := []string{"/" + "work/", "/" + "root/", "/" + "farm/"} // apart, or this file would name them
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == ".git" { // a file in a worktree
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || strings.HasSuffix(d.Name(), ".test") || d.Name() == "callsift" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		for _, p := range home {
			if i := bytes.Index(text, []byte(p)); i >= 0 {
				t.Errorf("%s:%d names %s", path, 1+bytes.Count(text[:i], []byte("\n")), p)
			}
		}
		return nil
	})
	if err != nil || files < 100 {
		t.Errorf("%d files, %v", files, err)
	}
}
