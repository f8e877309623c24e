package trailcore_test

import (
	"strings"
	"testing"

	"github.com/trailcore/trailcore/examples/go/trailcore"
)

func TestCallReturnsAReport(t *testing.T) {
	report, err := trailcore.Call("ops.lint", `{"inputs":[{"name":"mgr.prm","text":"PORT 7809\nAUTOSTRAT ER *\n"}]}`)
	if err != nil || !strings.Contains(report, "unknown_parameter") {
		t.Fatal(report, err)
	}
	if _, err := trailcore.Call("ops.moon", "{}"); err == nil || !strings.Contains(err.Error(), "unknown verb") {
		t.Fatal(err)
	}
}
