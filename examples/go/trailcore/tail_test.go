package trailcore

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const sampleFolder = "../../data/big"

// add copies a file of the sample.
func add(t *testing.T, folder, name string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(sampleFolder, name))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name), content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func take(t *testing.T, tail *Tail, count int) []string {
	t.Helper()
	var lines []string
	for len(lines) < count {
		delivery, open := <-tail.Deliveries()
		if !open {
			t.Fatalf("the channel ends after %d lines: %v", len(lines), tail.Err())
		}
		lines = append(lines, delivery.Lines...)
		if delivery.IsEvent != (delivery.Lines == nil) {
			t.Errorf("an event has lines, or changes have none: %s", delivery.Facts)
		}
		if err := tail.Acknowledge(delivery); err != nil {
			t.Fatal(err)
		}
	}
	return lines
}

func TestFollow(t *testing.T) {
	content, err := os.ReadFile("../../data/big.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	wanted := strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
	folder := t.TempDir()
	trail, checkpoint := filepath.Join(folder, "bk"), filepath.Join(folder, "checkpoint")
	add(t, folder, "bk000000000")
	tail, err := Follow(trail, nil, checkpoint, 4)
	if err != nil {
		t.Fatal(err)
	}
	lines := take(t, tail, 1)
	if err := tail.Close(); err != nil {
		t.Fatal(err)
	}
	if err := tail.Close(); err != nil {
		t.Fatal(err)
	}
	if err := tail.Acknowledge(Delivery{}); err == nil {
		t.Error("a closed tail takes an acknowledgement")
	}
	add(t, folder, "bk000000001")
	add(t, folder, "bk000000002")
	tail, err = Follow(trail, TailOptions{"delivery": "transactions"}, checkpoint, 4)
	if err != nil {
		t.Fatal(err)
	}
	lines = append(lines, take(t, tail, len(wanted)-len(lines))...)
	if !reflect.DeepEqual(lines, wanted) {
		t.Error("two runs do not deliver every change once")
	}
	lag, err := tail.Lag()
	if err != nil || !strings.Contains(string(lag), `"bytes_behind":0`) {
		t.Errorf("lag %s, %v", lag, err)
	}
	tail.Stop()
	if _, open := <-tail.Deliveries(); open {
		t.Error("a stopped tail delivers")
	}
	if err := tail.Err(); err != nil {
		t.Error(err)
	}
	if err := tail.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Follow(trail, TailOptions{"delivery": "all"}, "", 4); err == nil || !strings.Contains(err.Error(), "all") {
		t.Errorf("a wrong option: %v", err)
	}
}
