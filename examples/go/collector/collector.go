// Package collector shows the streams of GoldenGate to Prometheus: a collector that a monitoring program registers beside its own.
//
//	registry.MustRegister(collector.New("info-all.txt", "ggserr.log"))
package collector

import (
	"encoding/json"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/trailcore/trailcore/examples/go/trailcore"
)

var (
	health   = prometheus.NewDesc("goldengate_health", "1 for the present health of a stream.", []string{"deployment", "stream", "health"}, nil)
	lag      = prometheus.NewDesc("goldengate_lag_seconds", "Lag by definition.", []string{"deployment", "stream", "definition"}, nil)
	findings = prometheus.NewDesc("goldengate_findings", "Findings by weight.", []string{"weight"}, nil)
)

// Collector reads artefacts at each scrape. A value that is not known has no sample.
type Collector struct {
	paths []string
	mutex sync.Mutex
	// The facts of the last scrape: whether a process moves follows from two observations.
	memory json.RawMessage
}

// New returns a collector of these artefacts: logs, command output, bodies of the REST API.
func New(paths ...string) *Collector { return &Collector{paths: paths} }

type input struct {
	Path string `json:"path"`
	// The contents of a file are of the time at which it was written.
	Observed *time.Time `json:"observed,omitempty"`
}

type request struct {
	Inputs []input `json:"inputs"`
	// With the current time, artefacts that nobody writes any more are a finding.
	Now    time.Time       `json:"now"`
	Memory json.RawMessage `json:"memory,omitempty"`
}

type report struct {
	Streams []struct {
		Deployment, Stream, Health string
		Lags                       []struct {
			Definition string
			Millis     int64
		}
	}
	Findings []struct{ Weight string }
	Memory   json.RawMessage
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(out chan<- *prometheus.Desc) {
	out <- health
	out <- lag
	out <- findings
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	report, err := c.observe()
	if err != nil {
		out <- prometheus.NewInvalidMetric(health, err)
		return
	}
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	for _, stream := range report.Streams {
		gauge(health, 1, stream.Deployment, stream.Stream, stream.Health)
		for _, own := range stream.Lags {
			gauge(lag, float64(own.Millis)/1000, stream.Deployment, stream.Stream, own.Definition)
		}
	}
	counts := map[string]float64{"note": 0, "warning": 0, "critical": 0}
	for _, finding := range report.Findings {
		counts[finding.Weight]++
	}
	for weight, count := range counts {
		gauge(findings, count, weight)
	}
}

func (c *Collector) observe() (*report, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	asked := request{Now: time.Now().UTC(), Memory: c.memory}
	for _, path := range c.paths {
		own := input{Path: path}
		if facts, err := os.Stat(path); err == nil {
			written := facts.ModTime().UTC()
			own.Observed = &written
		}
		asked.Inputs = append(asked.Inputs, own)
	}
	document, err := json.Marshal(asked)
	if err != nil {
		return nil, err
	}
	answer, err := trailcore.Call("ops.health", string(document))
	if err != nil {
		return nil, err
	}
	var found report
	if err := json.Unmarshal([]byte(answer), &found); err != nil {
		return nil, err
	}
	c.memory = found.Memory
	return &found, nil
}
