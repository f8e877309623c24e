// Prints the changes of a trail as native JSON: go run . PATH [STATEMENTS]
package main

import (
	"fmt"
	"os"

	"github.com/trailcore/trailcore/examples/go/trailcore"
)

func main() {
	if len(os.Args) < 2 || len(os.Args) > 3 {
		fmt.Fprintln(os.Stderr, "usage: go run . PATH [STATEMENTS]")
		os.Exit(2)
	}
	var options []trailcore.Option
	if len(os.Args) == 3 {
		options = append(options, trailcore.Where(os.Args[2]))
	}
	if err := dump(os.Args[1], options); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func dump(path string, options []trailcore.Option) error {
	reader, err := trailcore.Open(path, options...)
	if err != nil {
		return err
	}
	defer reader.Close()
	for reader.Next() {
		fmt.Println(reader.JSON())
	}
	return reader.Err()
}
