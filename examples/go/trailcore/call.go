package trailcore

/*
#include <stdlib.h>
#include <trailcore.h>
*/
import "C"

import "unsafe"

// Call answers a verb, such as "ops.health", with a JSON document. Requests and answers have the schemas of docs/schema.
//
//	report, err := trailcore.Call("ops.lint", `{"inputs":[{"path":"dirprm"}]}`)
func Call(verb, request string) (string, error) {
	var answer *C.tc_buffer
	if status := C.tc_buffer_new(&answer); status != C.TC_OK {
		return "", failure(status, nil)
	}
	defer C.tc_buffer_free(answer)
	name, document := C.CString(verb), C.CString(request)
	defer C.free(unsafe.Pointer(name))
	defer C.free(unsafe.Pointer(document))
	var e *C.tc_error
	if err := failure(C.tc_call(name, document, answer, &e), e); err != nil {
		return "", err
	}
	var text C.tc_str
	if status := C.tc_buffer_text(answer, &text); status != C.TC_OK {
		return "", failure(status, nil)
	}
	return C.GoStringN((*C.char)(unsafe.Pointer(text.data)), C.int(text.length)), nil
}
