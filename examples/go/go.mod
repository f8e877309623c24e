module github.com/trailcore/trailcore/examples/go

go 1.18
