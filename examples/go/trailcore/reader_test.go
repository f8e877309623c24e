package trailcore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const data = "../../data"

func TestChangesEqualTheSample(t *testing.T) {
	for _, name := range []string{"big", "little"} {
		wanted, err := os.ReadFile(filepath.Join(data, name+".jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		reader, err := Open(filepath.Join(data, name, "bk"))
		if err != nil {
			t.Fatal(err)
		}
		var found strings.Builder
		for reader.Next() {
			found.WriteString(reader.JSON() + "\n")
		}
		if reader.Err() != nil {
			t.Fatal(reader.Err())
		}
		if found.String() != string(wanted) {
			t.Errorf("%s: changes differ", name)
		}
		reader.Close()
		reader.Close()
		if reader.Next() || reader.Err() == nil {
			t.Error("closed reader did not fail")
		}
	}
}

func TestSelection(t *testing.T) {
	reader, err := Open(filepath.Join(data, "big", "bk"), Where("TABLE BANK.POSTINGS;"))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	count := 0
	for reader.Next() {
		if !strings.Contains(reader.JSON(), `"table":"BANK.POSTINGS"`) {
			t.Errorf("not selected: %s", reader.JSON())
		}
		count++
	}
	if count == 0 || reader.Err() != nil {
		t.Error(count, reader.Err())
	}
	report, err := reader.Report()
	if err != nil || !strings.Contains(string(report), `"unmatched":[]`) {
		t.Error(string(report), err)
	}
}

// JSON lines are opened like a trail, and a selection decides the same.
func TestLinesAreReadLikeATrail(t *testing.T) {
	for _, selection := range []string{"TABLE *;", "TABLE BANK.POSTINGS, FILTER (ON INSERT, AMOUNT > 1000);"} {
		lines := map[string]string{}
		for _, source := range []string{"big/bk", "big.jsonl"} {
			reader, err := Open(filepath.Join(data, source), Where(selection))
			if err != nil {
				t.Fatal(err)
			}
			for reader.Next() {
				lines[source] += reader.JSON() + "\n"
			}
			if reader.Err() != nil {
				t.Fatal(reader.Err())
			}
			reader.Close()
		}
		if lines["big/bk"] == "" || lines["big/bk"] != lines["big.jsonl"] {
			t.Errorf("%s: changes differ", selection)
		}
	}
}

func TestErrorsHaveStatusAndRBA(t *testing.T) {
	if _, err := Open("no/such/place/lt"); err == nil || !strings.Contains(err.Error(), "no/such/place/lt") {
		t.Error(err)
	}
	if _, err := Open(filepath.Join(data, "big", "bk"), Where("TABLE HR.EMP, FILTER (")); err == nil {
		t.Error("invalid selection did not fail")
	}
	whole, err := os.ReadFile(filepath.Join(data, "big", "bk000000000"))
	if err != nil {
		t.Fatal(err)
	}
	torn := filepath.Join(t.TempDir(), "bk000000000")
	if err := os.WriteFile(torn, whole[:len(whole)-3], 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := Open(torn)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	count := 0
	for reader.Next() {
		count++
	}
	var found *Error
	if !errors.As(reader.Err(), &found) || found.Status != 4 || !found.HasRBA {
		t.Error(reader.Err())
	}
	if count == 0 {
		t.Error("no changes before the torn tail")
	}
}
