// Package trailcore reads GoldenGate trails through the installed C library: a small example of embedding it by cgo.
//
//	reader, err := trailcore.Open("dirdat/lt", trailcore.Where("TABLE HR.EMP;"))
//	if err != nil { ... }
//	defer reader.Close()
//	for reader.Next() {
//		fmt.Println(reader.JSON())
//	}
//	if err := reader.Err(); err != nil { ... }
package trailcore

/*
#cgo pkg-config: trailcore
#include <stdlib.h>
#include <trailcore.h>

// What a cgo call costs is paid once for a batch: the lines of all its changes come at once. Where a change cannot be written,
// those before it come, with the error.
static tc_status next_lines(tc_reader *reader, size_t most, tc_buffer *lines, tc_error **error) {
	tc_batch *batch;
	tc_buffer_clear(lines);
	tc_status status = tc_reader_next_batch(reader, most, &batch, error);
	if (status != TC_OK || !batch) return status;
	status = tc_batch_write_json(batch, lines, error);
	tc_batch_free(batch);
	return status;
}
*/
import "C"

import (
	"bytes"
	"fmt"
	"runtime"
	"unsafe"
)

// Changes that are read at once.
const batchSize = 1000

// Error is what the library says went wrong.
type Error struct {
	// Status is the library's number for it, such as 5 for damage.
	Status int
	// Message says what, where, and what can be done about it.
	Message string
	// RBA is the record's byte offset, where HasRBA says so.
	RBA    uint64
	HasRBA bool
}

func (e *Error) Error() string { return e.Message }

// failure takes an error of the library and frees it; nil where all went well.
func failure(status C.tc_status, e *C.tc_error) error {
	if status == C.TC_OK {
		return nil
	}
	defer C.tc_error_free(e)
	found := &Error{Status: int(status), Message: C.GoString(C.tc_error_message(e))}
	if found.Message == "" {
		found.Message = C.GoString(C.tc_status_name(C.int32_t(status)))
	}
	var place C.tc_location
	if e != nil && C.tc_error_location(e, &place) == C.TC_OK && bool(place.has_rba) {
		found.RBA, found.HasRBA = uint64(place.rba), true
	}
	return found
}

// Option says how to read.
type Option func(*settings)

type settings struct{ statements string }

// Where selects changes by statements of a parameter file, such as "TABLE HR.EMP, FILTER (SALARY > 1000);".
func Where(statements string) Option { return func(s *settings) { s.statements = statements } }

// Reader reads the changes of a trail. It is for one goroutine at a time.
type Reader struct {
	reader  *C.tc_reader
	buffer  *C.tc_buffer
	pending []byte
	line    []byte
	err     error
}

// Open opens the trail at a path: a file, a prefix such as dirdat/lt, or a directory that holds one trail.
func Open(path string, options ...Option) (*Reader, error) {
	var chosen settings
	for _, option := range options {
		option(&chosen)
	}
	place := C.CString(path)
	defer C.free(unsafe.Pointer(place))
	var trail *C.tc_trail
	var e *C.tc_error
	if status := C.tc_trail_open(place, &trail, &e); status != C.TC_OK {
		return nil, failure(status, e)
	}
	defer C.tc_trail_free(trail)

	// The options point to the selection, so they lie in C's memory.
	given := (*C.tc_read_options)(C.calloc(1, C.sizeof_tc_read_options))
	defer C.free(unsafe.Pointer(given))
	given.size = C.sizeof_tc_read_options
	if chosen.statements != "" {
		text := C.CString(chosen.statements)
		defer C.free(unsafe.Pointer(text))
		var selection *C.tc_select
		if status := C.tc_select_parse(text, nil, &selection, &e); status != C.TC_OK {
			return nil, failure(status, e)
		}
		defer C.tc_select_free(selection)
		given._select = selection
	}

	r := &Reader{}
	if status := C.tc_reader_open(trail, given, &r.reader, &e); status != C.TC_OK {
		return nil, failure(status, e)
	}
	if status := C.tc_buffer_new(&r.buffer); status != C.TC_OK {
		C.tc_reader_free(r.reader)
		return nil, failure(status, nil)
	}
	runtime.SetFinalizer(r, (*Reader).Close)
	return r, nil
}

// Next moves on to the next change, and says whether there is one. At the end, and where an error lies, it says no.
func (r *Reader) Next() bool {
	if len(r.pending) == 0 && (r.err != nil || !r.fill()) {
		return false
	}
	end := bytes.IndexByte(r.pending, '\n')
	r.line, r.pending = r.pending[:end], r.pending[end+1:]
	return true
}

func (r *Reader) fill() bool {
	if r.reader == nil {
		r.err = fmt.Errorf("the reader is closed")
		return false
	}
	var e *C.tc_error
	r.err = failure(C.next_lines(r.reader, batchSize, r.buffer, &e), e)
	var text C.tc_str
	C.tc_buffer_text(r.buffer, &text)
	r.pending = append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(text.data)), int(text.length))...)
	runtime.KeepAlive(r)
	return len(r.pending) > 0
}

// JSON is the present change as one line of native JSON.
func (r *Reader) JSON() string { return string(r.line) }

// Err is what went wrong, once Next has said no; nil at the end of the trail.
func (r *Reader) Err() error { return r.err }

// Close frees what the reader holds. Closing twice is fine.
func (r *Reader) Close() error {
	C.tc_reader_free(r.reader)
	C.tc_buffer_free(r.buffer)
	r.reader, r.buffer, r.pending = nil, nil, nil
	runtime.SetFinalizer(r, nil)
	return nil
}

// Version is the version of the library in use.
func Version() string { return C.GoString(C.tc_version()) }
