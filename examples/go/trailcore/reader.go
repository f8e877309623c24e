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

// Fetches the lines of a whole block with one cgo call, which is expensive. If a change cannot be written, the lines before it
// are returned with the error.
static tc_status next_lines(tc_reader *reader, size_t most, tc_buffer *lines, tc_error **error) {
	tc_block *block;
	tc_buffer_clear(lines);
	tc_status status = tc_reader_next_block(reader, most, &block, error);
	if (status != TC_OK || !block) return status;
	status = tc_block_write_json(block, lines, error);
	tc_block_free(block);
	return status;
}
*/
import "C"

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"unsafe"
)

// The number of changes to fetch at once.
const blockSize = 1000

// Error is an error of the library.
type Error struct {
	// Status is the library's number of the error kind, such as 5 for damage.
	Status int
	// Message states what went wrong, where, and the way out.
	Message string
	// RBA is the byte offset of the record. It is valid if HasRBA is set.
	RBA    uint64
	HasRBA bool
}

func (e *Error) Error() string { return e.Message }

// failure converts an error of the library and frees it. It returns nil on success.
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

// Option is a read option.
type Option func(*settings)

// The document of options, as docs/schema/read-options.json describes it.
type settings struct {
	Select string `json:"select,omitempty"`
}

// Where adds a selection: statements of a parameter file, such as "TABLE HR.EMP, FILTER (SALARY > 1000);".
func Where(statements string) Option { return func(s *settings) { s.Select = statements } }

// Reader reads the changes of a trail. It is for one goroutine at a time.
type Reader struct {
	reader  *C.tc_reader
	buffer  *C.tc_buffer
	pending []byte
	line    []byte
	err     error
}

// Open opens the trail at a path: a file, a prefix such as dirdat/lt, or a directory that contains one trail.
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

	document, err := json.Marshal(chosen)
	if err != nil {
		return nil, err
	}
	given := C.CString(string(document))
	defer C.free(unsafe.Pointer(given))

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

// Next advances to the next change. It returns false at the end of the trail and on an error.
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
		r.err = fmt.Errorf("reader is closed")
		return false
	}
	var e *C.tc_error
	r.err = failure(C.next_lines(r.reader, blockSize, r.buffer, &e), e)
	var text C.tc_str
	C.tc_buffer_text(r.buffer, &text)
	r.pending = append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(text.data)), int(text.length))...)
	runtime.KeepAlive(r)
	return len(r.pending) > 0
}

// JSON returns the current change as one line of native JSON.
func (r *Reader) JSON() string { return string(r.line) }

// Err returns the error that ended Next, or nil at the end of the trail.
func (r *Reader) Err() error { return r.err }

// Report returns the report of the reading so far as a JSON document: the counts of the selection, the causes of undecided
// changes, skipped ranges, names of the selection that fit no table, and unfinished transactions.
func (r *Reader) Report() (json.RawMessage, error) {
	if r.reader == nil {
		return nil, fmt.Errorf("reader is closed")
	}
	var report *C.tc_buffer
	if status := C.tc_buffer_new(&report); status != C.TC_OK {
		return nil, failure(status, nil)
	}
	defer C.tc_buffer_free(report)
	var e *C.tc_error
	if status := C.tc_reader_report(r.reader, report, &e); status != C.TC_OK {
		return nil, failure(status, e)
	}
	var text C.tc_str
	C.tc_buffer_text(report, &text)
	defer runtime.KeepAlive(r)
	return C.GoBytes(unsafe.Pointer(text.data), C.int(text.length)), nil
}

// Close frees the reader. It may be called twice.
func (r *Reader) Close() error {
	C.tc_reader_free(r.reader)
	C.tc_buffer_free(r.buffer)
	r.reader, r.buffer, r.pending = nil, nil, nil
	runtime.SetFinalizer(r, nil)
	return nil
}

// Version returns the version of the installed library.
func Version() string { return C.GoString(C.tc_version()) }
