package collector_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/trailcore/trailcore/examples/go/collector"
)

const all = `Program     Status      Group       Lag at Chkpt  Time Since Chkpt

MANAGER     RUNNING
EXTRACT     RUNNING     E1          00:00:02      00:00:05
REPLICAT    ABENDED     R1          01:00:00      02:00:00

`

func TestCollectorShowsStreams(t *testing.T) {
	path := filepath.Join(t.TempDir(), "all.txt")
	if err := os.WriteFile(path, []byte(all), 0o600); err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collector.New(path))
	wanted := `# HELP goldengate_health 1 for the present health of a stream.
# TYPE goldengate_health gauge
goldengate_health{deployment="default",health="abended",stream="R1"} 1
goldengate_health{deployment="default",health="unknown",stream="E1"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(wanted), "goldengate_health"); err != nil {
		t.Fatal(err)
	}
	if count, err := testutil.GatherAndCount(registry, "goldengate_lag_seconds", "goldengate_findings"); err != nil || count != 7 {
		t.Fatal(count, err)
	}
}

func TestAnArtefactThatIsGoneIsAFinding(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector.New(filepath.Join(t.TempDir(), "none.txt")))
	wanted := `# HELP goldengate_findings Findings by weight.
# TYPE goldengate_findings gauge
goldengate_findings{weight="critical"} 0
goldengate_findings{weight="note"} 0
goldengate_findings{weight="warning"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(wanted), "goldengate_findings"); err != nil {
		t.Fatal(err)
	}
}
