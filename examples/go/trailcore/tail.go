package trailcore

/*
#include <stdlib.h>
#include <trailcore.h>

// Waits for a delivery and returns all about it with one cgo call: its kind and number, and its facts and lines in buffers.
static tc_status next_delivery(const tc_tail *tail, tc_delivery_kind *kind, uint64_t *number, tc_buffer *facts, tc_buffer *lines,
                               tc_error **error) {
	tc_delivery *delivery;
	tc_block *block;
	*kind = 0;
	tc_status status = tc_tail_next(tail, -1, &delivery, error);
	if (status != TC_OK || !delivery) return status;
	tc_buffer_clear(facts);
	tc_buffer_clear(lines);
	status = tc_delivery_facts(delivery, facts, error);
	while (status == TC_OK && (status = tc_delivery_next_block(delivery, &block, error)) == TC_OK && block) {
		status = tc_block_write_json(block, lines, error);
		tc_block_free(block);
	}
	if (status == TC_OK) status = tc_delivery_number(delivery, number);
	if (status == TC_OK) status = tc_delivery_kind_of(delivery, kind);
	tc_delivery_free(delivery);
	return status;
}
*/
import "C"

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"unsafe"
)

// Delivery is something that a Tail has delivered: changes, a transaction, or an event of the trail.
type Delivery struct {
	// Lines are its changes as native JSON, in order. An event has none.
	Lines []string
	// Facts is a document with the rest: "end"; of a transaction "csn", "xid", "timestamp", "part" and "complete" too; of an event
	// the form of docs/schema/event.json.
	Facts json.RawMessage
	// IsEvent is true for an event.
	IsEvent bool
	number  uint64
}

// Tail follows a trail while it is written. docs/live.md has the guarantees, and a runbook for each event.
type Tail struct {
	tail       *C.tc_tail
	deliveries chan Delivery
	stopped    chan struct{}
	stop       sync.Once
	close      sync.Once
	ended      sync.WaitGroup
	mutex      sync.RWMutex
	err        error
}

// TailOptions are the members of docs/schema/tail-options.json, such as {"delivery": "transactions", "start": "end"}.
type TailOptions map[string]any

// Follow follows the trail at a path: a prefix such as dirdat/lt, whose files need not exist yet, a trail file, or a directory with one
// trail. checkpoint is the file of its checkpoint, or empty for none. A goroutine reads; at most queue deliveries wait in the channel.
func Follow(path string, options TailOptions, checkpoint string, queue int) (*Tail, error) {
	if options == nil {
		options = TailOptions{}
	}
	document, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	place, given := C.CString(path), C.CString(string(document))
	defer C.free(unsafe.Pointer(place))
	defer C.free(unsafe.Pointer(given))
	var file *C.char
	if checkpoint != "" {
		file = C.CString(checkpoint)
		defer C.free(unsafe.Pointer(file))
	}
	t := &Tail{deliveries: make(chan Delivery, queue), stopped: make(chan struct{})}
	var e *C.tc_error
	if status := C.tc_tail_open(place, given, file, &t.tail, &e); status != C.TC_OK {
		return nil, failure(status, e)
	}
	t.ended.Add(1)
	go t.read()
	return t, nil
}

// Deliveries returns the channel of deliveries. It is closed once the tail is stopped, and after an error, which Err returns.
func (t *Tail) Deliveries() <-chan Delivery { return t.deliveries }

func (t *Tail) read() {
	defer t.ended.Done()
	defer close(t.deliveries)
	var facts, lines *C.tc_buffer
	if status := C.tc_buffer_new(&facts); status != C.TC_OK {
		t.err = failure(status, nil)
		return
	}
	defer C.tc_buffer_free(facts)
	if status := C.tc_buffer_new(&lines); status != C.TC_OK {
		t.err = failure(status, nil)
		return
	}
	defer C.tc_buffer_free(lines)
	for {
		var kind C.tc_delivery_kind
		var number C.uint64_t
		var e *C.tc_error
		if t.err = failure(C.next_delivery(t.tail, &kind, &number, facts, lines, &e), e); t.err != nil || kind == 0 {
			return
		}
		delivery := Delivery{Facts: []byte(text(facts)), IsEvent: kind == C.TC_DELIVERY_EVENT, number: uint64(number)}
		if all := text(lines); all != "" {
			delivery.Lines = strings.Split(strings.TrimSuffix(all, "\n"), "\n")
		}
		select {
		case t.deliveries <- delivery:
		case <-t.stopped:
			return
		}
	}
}

// text copies the text of a buffer.
func text(buffer *C.tc_buffer) string {
	var held C.tc_str
	C.tc_buffer_text(buffer, &held)
	return C.GoStringN(held.data, C.int(held.length))
}

// Acknowledge acknowledges a delivery, in any order and from any goroutine: the checkpoint is never after one that is not acknowledged.
func (t *Tail) Acknowledge(delivery Delivery) error {
	return t.use(func() error {
		var e *C.tc_error
		return failure(C.tc_tail_acknowledge(t.tail, C.uint64_t(delivery.number), &e), e)
	})
}

// Lag returns the distance to the end of the trail, a document of the form of docs/schema/lag.json.
func (t *Tail) Lag() (json.RawMessage, error) {
	var report json.RawMessage
	err := t.use(func() error {
		var buffer *C.tc_buffer
		if status := C.tc_buffer_new(&buffer); status != C.TC_OK {
			return failure(status, nil)
		}
		defer C.tc_buffer_free(buffer)
		var e *C.tc_error
		err := failure(C.tc_tail_lag(t.tail, buffer, &e), e)
		report = []byte(text(buffer))
		return err
	})
	return report, err
}

// use runs a call that Close must not free the tail of.
func (t *Tail) use(call func() error) error {
	t.mutex.RLock()
	defer t.mutex.RUnlock()
	if t.tail == nil {
		return fmt.Errorf("tail is closed")
	}
	return call()
}

// Err returns the error that ended the tail, once its channel is closed; nil if it was stopped.
func (t *Tail) Err() error { return t.err }

// Stop ends the channel. Deliveries that were received can still be acknowledged.
func (t *Tail) Stop() {
	t.stop.Do(func() {
		close(t.stopped)
		_ = t.use(func() error { return failure(C.tc_tail_stop(t.tail), nil) })
	})
}

// Close stops the tail, stores what is acknowledged, and closes its files. It may be called twice.
func (t *Tail) Close() error {
	var err error
	t.Stop()
	t.close.Do(func() {
		t.ended.Wait()
		t.mutex.Lock()
		defer t.mutex.Unlock()
		var e *C.tc_error
		err = failure(C.tc_tail_close(t.tail, &e), e)
		C.tc_tail_free(t.tail)
		t.tail = nil
	})
	return err
}
