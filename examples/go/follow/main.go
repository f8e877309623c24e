// Follows a trail and prints its changes as native JSON until it is interrupted: follow PATH [CHECKPOINT]
package main

import (
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/trailcore/trailcore/examples/go/trailcore"
)

func main() {
	if len(os.Args) < 2 || len(os.Args) > 3 {
		log.Fatal("usage: follow PATH [CHECKPOINT]")
	}
	checkpoint := ""
	if len(os.Args) == 3 {
		checkpoint = os.Args[2]
	}
	if err := follow(os.Args[1], checkpoint); err != nil {
		log.Fatal(err)
	}
}

func follow(path, checkpoint string) error {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	tail, err := trailcore.Follow(path, trailcore.TailOptions{"delivery": "transactions"}, checkpoint, 16)
	if err != nil {
		return err
	}
	for {
		select {
		case delivery, open := <-tail.Deliveries():
			if !open {
				tail.Close()
				return tail.Err()
			}
			if delivery.IsEvent {
				fmt.Fprintf(os.Stderr, "%s\n", delivery.Facts)
				continue
			}
			for _, line := range delivery.Lines {
				fmt.Println(line)
			}
			if err := tail.Acknowledge(delivery); err != nil {
				return err
			}
		case <-interrupts:
			return tail.Close()
		}
	}
}
