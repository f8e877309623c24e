/*
 * trailcore: reads, filters, follows and writes Oracle GoldenGate trail files.
 *
 *     tc_trail *trail = NULL;
 *     tc_reader *reader = NULL;
 *     tc_block *block = NULL;
 *     tc_error *error = NULL;
 *     tc_buffer *line = NULL;
 *
 *     if (tc_buffer_new(&line) == TC_OK && tc_trail_open("dirdat/lt", &trail, &error) == TC_OK &&
 *         tc_reader_open(trail, NULL, &reader, &error) == TC_OK) {
 *         while (!error && tc_reader_next_block(reader, 1000, &block, &error) == TC_OK && block) {
 *             tc_str text;
 *             tc_buffer_clear(line);
 *             tc_block_write_json(block, line, &error);
 *             tc_block_free(block);
 *             tc_buffer_text(line, &text);
 *             fwrite(text.data, 1, text.length, stdout);
 *         }
 *     }
 *     if (error) fprintf(stderr, "%s\n", tc_error_message(error));
 *     tc_error_free(error);
 *     tc_reader_free(reader);
 *     tc_trail_free(trail);
 *     tc_buffer_free(line);
 *
 * Objects. tc_trail finds the files. tc_reader reads their changes into a tc_block of tc_change, whose columns are tc_column.
 * tc_record_reader reads raw records. tc_table is the definition of a table, tc_catalog has the tables of definitions files,
 * tc_file_header describes the origin of a file. tc_call reports as JSON: check, count, info, diff, history, state,
 * transactions, volume. tc_select is a selection of changes, parsed from text; tc_quote quotes a value for it. tc_selector applies it to changes. tc_arrow_batches
 * are record batches. tc_writer writes trails from tc_row. tc_tail follows a trail while it is written and returns tc_delivery, tc_hub reads
 * it once for many. tc_buffer is memory for text, tc_error describes an error.
 *
 * Options are JSON documents, such as {"resync":true}; NULL is the default. docs/schema has a schema of each: read-options,
 * select-options, arrow-options, writer-options. An error names the wrong member. tc_trail_with adds to a trail the objects that
 * its readers use: a catalog, a selection, a function that watches the reading.
 *
 * The comments of the functions state only what these chapters do not.
 *
 *
 * ERRORS
 *
 * Functions return a tc_status: TC_OK or an error. Functions that read, parse or write also create a tc_error. It states what
 * is wrong, where (file, RBA, record), and what to do about it. It never contains column data. Results are written to out
 * parameters, which precede the error. If a call fails, they are NULL, zero or no text. Functions that free return nothing, and
 * functions that cannot fail return their result. `error` may be NULL in every function. Every function that returns a
 * tc_status returns TC_ERR_NULL_POINTER for a null pointer that its comment does not allow, and the handle errors.
 *
 * The handle errors are TC_ERR_WRONG_HANDLE, TC_ERR_FREED_HANDLE, TC_ERR_BUSY and TC_ERR_POISONED. A null pointer, a pointer to
 * an object of another type, an index out of range, and an unknown enum number return a status and never crash. A pointer to
 * something that is not an object of this library is not detected, nor, in release builds, a pointer to a freed object.
 *
 * A bug in the library (a panic) is caught. The call returns TC_ERR_PANIC, and the objects that it could change are poisoned:
 * they can only be freed. The process continues.
 *
 *
 * LIFETIMES
 *
 * An object that a function returns through `tc_x **` belongs to the caller, who frees it with tc_x_free. A `const tc_x **`, a
 * tc_str and tc_bytes are borrowed: they are valid as long as each function states, and the caller never frees them. Objects
 * do not depend on each other, unless a function states it: a reader stays valid without its trail, a block without its
 * reader. Everything that a block returns (changes, columns, texts) stays valid until tc_block_free. Arguments are only needed
 * during the call, unless a function states otherwise. Freeing NULL is fine.
 *
 * Structs that start with a `size` can grow: before use, set it to the sizeof of the struct, and all other members to zero.
 * Other structs and all enums keep their layout and numbers within a major version. Enums can get more numbers, so handle
 * unknown ones.
 *
 *
 * THREADS
 *
 * Any thread may call any function. Several threads may concurrently call functions that take the same object as const. A function that takes an object without
 * const needs it exclusively: no other call may use the object at the same time. Such an object can move between threads. Calls
 * that violate this return TC_ERR_BUSY if they are detected; otherwise their behaviour is undefined. Do not free an object
 * while another call uses it. The library starts threads only where a function or option states it: read-options.threads, tc_tail_descriptor,
 * tc_hub_start, and a small one in each tail that receives the events of the file system. Its only global state is the log, tc_log_set.
 *
 * Callbacks (tc_watch, tc_source, tc_log_callback, tc_release, tc_deliver, tc_checkpoint_store) are called by the threads that call the library,
 * and by those of the library where there are such. They must
 * not throw C++ exceptions and not longjmp. They may call the library, except with an object that the calling function uses
 * without const: that returns TC_ERR_BUSY.
 *
 * The library does not change the allocator, signals, locale or environment of the process.
 *
 *
 * VERSIONS
 *
 * The shared library is libtrailcore.so.0. The number changes only if a program that was linked against an earlier library can
 * not run with a later one. Within one number, functions and enum numbers are only added. A program can compare
 * tc_version_number() with TC_VERSION_NUMBER, the version of the header that it was compiled with. A struct that starts with
 * its size can be of an earlier or a later header than the library: members that one of them does not have are zero. A member
 * that is set and that the library does not support is TC_ERR_BAD_ARGUMENT.
 *
 * "GoldenGate" is a trademark of Oracle. trailcore is independent of Oracle.
 */


#ifndef TRAILCORE_H
#define TRAILCORE_H

/* Generated by ffi/header from ffi/src. Change the comments there, then run `make header`. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The version of this header as text. */
#define TC_VERSION "0.1.0"

/* The Arrow C data and stream interface, copied from its specification. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

#endif /* ARROW_C_DATA_INTERFACE */

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};

#endif /* ARROW_C_STREAM_INTERFACE */


/**
 * The `digits` of a `tc_datetime` that is a date without a time.
 */
#define TC_DATE_ONLY 255

/**
 * The `micros` of a `tc_datetime` that is not a point in time: a zero date, which MySQL allows.
 */
#define TC_NO_MICROS INT64_MIN

/**
 * Major version of this header. Within one, nothing that a program uses is changed or removed.
 */
#define TC_VERSION_MAJOR 0

/**
 * Minor version of this header. A library of a later version has everything that a program of an earlier one uses.
 */
#define TC_VERSION_MINOR 1

/**
 * Patch version of this header.
 */
#define TC_VERSION_PATCH 0

/**
 * The version of this header as one number that orders as versions do: `major * 1000000 + minor * 1000 + patch`.
 */
#define TC_VERSION_NUMBER 1000

/**
 * The result of a call: 0 for success. Numbers never change their meaning and are never reused.
 *
 * 1 to 999 are the error kinds of all of trailcore, with the same numbers in every language; those without a name here are
 * reserved for future kinds. 1000 and above are specific to the C library.
 */
enum tc_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Success.
     */
    TC_OK = 0,
    /**
     * The operating system reported an error on a file operation.
     */
    TC_ERR_IO = 1,
    /**
     * No trail exists at the given path.
     */
    TC_ERR_NOT_FOUND = 2,
    /**
     * The bytes are not a trail file.
     */
    TC_ERR_NOT_A_TRAIL = 3,
    /**
     * The input ends inside a record: the file is torn, or is still being written.
     */
    TC_ERR_TRUNCATED = 4,
    /**
     * The bytes contradict each other: the file is damaged at this location.
     */
    TC_ERR_CORRUPT = 5,
    /**
     * The data are well-formed but of an unknown form; the raw bytes stay readable.
     */
    TC_ERR_UNSUPPORTED = 6,
    /**
     * A row refers to a table definition that the trail does not contain.
     */
    TC_ERR_UNDEFINED_TABLE = 7,
    /**
     * Files are missing between two sequence numbers of the trail.
     */
    TC_ERR_SEQUENCE_GAP = 8,
    /**
     * The position is not the start of a record, or is outside the trail.
     */
    TC_ERR_INVALID_POSITION = 9,
    /**
     * The definitions (DEFGEN) file cannot be parsed.
     */
    TC_ERR_DEFINITIONS = 10,
    /**
     * The column cannot be read as requested: it has another type, is NULL, is missing, or cannot be decoded.
     */
    TC_ERR_VALUE = 11,
    /**
     * An argument is invalid for any input.
     */
    TC_ERR_INVALID_ARGUMENT = 12,
    /**
     * The text is not in the native JSON form, or a change cannot be written in it.
     */
    TC_ERR_JSON = 13,
    /**
     * The trail format cannot represent the change or value.
     */
    TC_ERR_UNENCODABLE = 14,
    /**
     * The filter text is not valid, or does not fit the table.
     */
    TC_ERR_FILTER = 15,
    /**
     * A filter in strict mode cannot decide on a change.
     */
    TC_ERR_UNDECIDABLE = 16,
    /**
     * The caller cancelled the operation; the next call continues where it stopped.
     */
    TC_ERR_CANCELLED = 17,
    /**
     * The definition of a table changes, but a constant one was requested.
     */
    TC_ERR_SCHEMA_CHANGE = 18,
    /**
     * The trail does not contain a table of this name.
     */
    TC_ERR_UNKNOWN_TABLE = 19,
    /**
     * A defect of trailcore: an internal invariant does not hold. The message names the place in its source; report it.
     */
    TC_ERR_INTERNAL = 20,
    /**
     * An error kind that this version of the C library has no name for.
     */
    TC_ERR_OTHER = 1000,
    /**
     * A pointer that must not be NULL is NULL.
     */
    TC_ERR_NULL_POINTER = 1001,
    /**
     * A pointer to an object of another type, or to no object.
     */
    TC_ERR_WRONG_HANDLE = 1002,
    /**
     * An object that has been freed. Only debug builds of the library always detect it.
     */
    TC_ERR_FREED_HANDLE = 1003,
    /**
     * Another call uses the object: a callback uses the object that calls it, or two threads share an object that is not
     * const.
     */
    TC_ERR_BUSY = 1004,
    /**
     * A bug in the library (a panic). It was caught. The objects that the call could change are poisoned.
     */
    TC_ERR_PANIC = 1005,
    /**
     * An object that an earlier panic left in an unknown state. It can only be freed.
     */
    TC_ERR_POISONED = 1006,
    /**
     * An argument out of range: an index, an unknown enum number, text that is not UTF-8, or a struct whose `size` is not set.
     */
    TC_ERR_BAD_ARGUMENT = 1007,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_status tc_status;
#else
typedef int32_t tc_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The operation of a change.
 */
enum tc_op
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * A new row.
     */
    TC_OP_INSERT = 0,
    /**
     * A row with the same key and other values.
     */
    TC_OP_UPDATE = 1,
    /**
     * A row with another key.
     */
    TC_OP_PK_UPDATE = 2,
    /**
     * A deleted row.
     */
    TC_OP_DELETE = 3,
    /**
     * All rows of the table are deleted.
     */
    TC_OP_TRUNCATE = 4,
    /**
     * A DDL change of a definition.
     */
    TC_OP_DDL = 5,
    /**
     * Not a change: a database or table definition. Only returned on request.
     */
    TC_OP_METADATA = 6,
    /**
     * Not a change: a marker, or a record of an unknown type. Only returned on request.
     */
    TC_OP_OTHER = 7,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_op tc_op;
#else
typedef uint32_t tc_op;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The position of a change in its transaction. For the two records of an update, the position of the pair.
 */
enum tc_transaction_indicator
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The first of several.
     */
    TC_TRANSACTION_FIRST = 0,
    /**
     * Neither the first nor the last.
     */
    TC_TRANSACTION_MIDDLE = 1,
    /**
     * The last of several.
     */
    TC_TRANSACTION_LAST = 2,
    /**
     * The only one.
     */
    TC_TRANSACTION_ONLY = 3,
    /**
     * The trail has a value of unknown meaning.
     */
    TC_TRANSACTION_UNKNOWN = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_transaction_indicator tc_transaction_indicator;
#else
typedef uint32_t tc_transaction_indicator;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The kind of a diagnostic in the text of a filter. Numbers without a name here are reserved for future kinds.
 */
enum tc_diagnostic_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * A kind that this version of the C library has no name for.
     */
    TC_DIAGNOSTIC_OTHER = 0,
    /**
     * The text does not follow the grammar.
     */
    TC_DIAGNOSTIC_SYNTAX = 1,
    /**
     * Typographic quotes, which GoldenGate does not accept.
     */
    TC_DIAGNOSTIC_CURLY_QUOTES = 2,
    /**
     * `IN`, `LIKE`, `BETWEEN`, `NOT` or `IS`, which the language does not have.
     */
    TC_DIAGNOSTIC_FOREIGN_OPERATOR = 3,
    /**
     * Text compared in FILTER, which compares numbers.
     */
    TC_DIAGNOSTIC_TEXT_IN_FILTER = 4,
    /**
     * AND and OR mixed without parentheses. Their precedence is not documented; AND binds tighter here.
     */
    TC_DIAGNOSTIC_MIXED_AND_OR = 5,
    /**
     * A column that may be NULL is compared without a test before it.
     */
    TC_DIAGNOSTIC_UNGUARDED_COLUMN = 6,
    /**
     * A function with too few or too many arguments.
     */
    TC_DIAGNOSTIC_ARITY = 7,
    /**
     * A literal in the quotes of a column name, or vice versa.
     */
    TC_DIAGNOSTIC_QUOTE_MIX_UP = 8,
    /**
     * An unknown function, column or option.
     */
    TC_DIAGNOSTIC_UNKNOWN_NAME = 9,
    /**
     * An invalid argument.
     */
    TC_DIAGNOSTIC_ARGUMENT = 10,
    /**
     * Something that needs a running GoldenGate process or a database.
     */
    TC_DIAGNOSTIC_NOT_AVAILABLE = 11,
    /**
     * Something that has no effect when reading trails.
     */
    TC_DIAGNOSTIC_NOT_APPLICABLE = 12,
    /**
     * Types that cannot be compared.
     */
    TC_DIAGNOSTIC_TYPE = 13,
    /**
     * Text that is too long or nested too deeply.
     */
    TC_DIAGNOSTIC_TOO_LARGE = 14,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_diagnostic_kind tc_diagnostic_kind;
#else
typedef uint32_t tc_diagnostic_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The state of a field of a file header. Unset is not zero.
 */
enum tc_field_state
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The header has no such field.
     */
    TC_FIELD_ABSENT = 0,
    /**
     * The field is present and marked as unset.
     */
    TC_FIELD_UNSET = 1,
    /**
     * It has a value.
     */
    TC_FIELD_VALUE = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_field_state tc_field_state;
#else
typedef uint32_t tc_field_state;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The severity of a log message.
 */
enum tc_log_level
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * A bug in the library, such as a panic that was caught.
     */
    TC_LOG_ERROR = 1,
    /**
     * A mistake of the caller that no status can report, such as freeing an object in use.
     */
    TC_LOG_WARNING = 2,
    /**
     * Information, such as damage that was skipped, and the events of a live trail.
     */
    TC_LOG_INFO = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_log_level tc_log_level;
#else
typedef uint32_t tc_log_level;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The decision of a selection on a change.
 */
enum tc_decision
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Accepted.
     */
    TC_DECISION_ACCEPT = 0,
    /**
     * Rejected.
     */
    TC_DECISION_REJECT = 1,
    /**
     * Undecidable.
     */
    TC_DECISION_UNDECIDABLE = 2,
    /**
     * An error.
     */
    TC_DECISION_ERROR = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_decision tc_decision;
#else
typedef uint32_t tc_decision;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Why a change is rejected or undecidable. Numbers without a name here are reserved for future reasons.
 */
enum tc_reason
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * No reason.
     */
    TC_REASON_NONE = 0,
    /**
     * Rejected: no rule names the object.
     */
    TC_REASON_OBJECT = 1,
    /**
     * Rejected: the object is excluded.
     */
    TC_REASON_EXCLUDED = 2,
    /**
     * Rejected: the operation.
     */
    TC_REASON_OPERATION = 3,
    /**
     * Rejected: outside the limits of CSN, time or position.
     */
    TC_REASON_LIMITS = 4,
    /**
     * Rejected: the tag.
     */
    TC_REASON_TAG = 5,
    /**
     * Rejected: a FILTER or WHERE.
     */
    TC_REASON_CLAUSE = 6,
    /**
     * Undecidable: a column is NULL.
     */
    TC_REASON_NULL = 7,
    /**
     * Undecidable: a column is missing from the record.
     */
    TC_REASON_MISSING = 8,
    /**
     * Undecidable: a column is present but cannot be decoded.
     */
    TC_REASON_INVALID = 9,
    /**
     * Undecidable: the row is encrypted, damaged, or of an unknown form.
     */
    TC_REASON_UNREADABLE = 10,
    /**
     * Undecidable: information that the trail does not contain.
     */
    TC_REASON_NOT_AVAILABLE = 11,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_reason tc_reason;
#else
typedef uint32_t tc_reason;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How the bytes of a column are decoded. Numbers without a name here are reserved for future kinds.
 */
enum tc_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * An unknown type, whose bytes are returned raw.
     */
    TC_KIND_OPAQUE = 0,
    /**
     * Characters.
     */
    TC_KIND_TEXT = 1,
    /**
     * A number as text, with any number of fraction digits.
     */
    TC_KIND_NUMBER_TEXT = 2,
    /**
     * An integer, scaled by the scale of the column.
     */
    TC_KIND_INTEGER = 3,
    /**
     * A date, or date and time, without a zone.
     */
    TC_KIND_DATETIME = 4,
    /**
     * Bytes that are not text.
     */
    TC_KIND_BINARY = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_kind tc_kind;
#else
typedef uint32_t tc_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The two images of a row.
 */
enum tc_image
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The row before the change.
     */
    TC_IMAGE_BEFORE = 0,
    /**
     * The row after the change.
     */
    TC_IMAGE_AFTER = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_image tc_image;
#else
typedef uint32_t tc_image;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The five states of a column.
 */
enum tc_state
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * It holds a value.
     */
    TC_STATE_VALUE = 0,
    /**
     * It is NULL.
     */
    TC_STATE_NULL = 1,
    /**
     * It is not in this image.
     */
    TC_STATE_MISSING = 2,
    /**
     * It is present but cannot be decoded. Its bytes are available.
     */
    TC_STATE_INVALID = 3,
    /**
     * A large object that the change did not alter. No form of it is known in trails.
     */
    TC_STATE_UNCHANGED = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_state tc_state;
#else
typedef uint32_t tc_state;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The type of a column's value. Numbers without a name here are reserved for future types.
 */
enum tc_type
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * There is no value.
     */
    TC_TYPE_NONE = 0,
    /**
     * Text, as UTF-8 in `bytes`.
     */
    TC_TYPE_TEXT = 1,
    /**
     * An exact number, in `decimal`.
     */
    TC_TYPE_DECIMAL = 2,
    /**
     * An exact number that the trail stores as text: its digits, with sign, point and exponent, in `bytes`. It can have more
     * digits than a `tc_decimal` holds.
     */
    TC_TYPE_NUMBER_TEXT = 3,
    /**
     * A date, or date and time, in `datetime`.
     */
    TC_TYPE_DATETIME = 4,
    /**
     * Bytes: of a binary column, or of an unknown type.
     */
    TC_TYPE_BYTES = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_type tc_type;
#else
typedef uint32_t tc_type;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Fields of a file header. `tc_file_header_text` returns the text fields, `tc_file_header_number` the number fields. Times are
 * microseconds since 1970, UTC. Character sets are the numbers that trails use.
 */
enum tc_field
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * As number: Compatibility level: 5 for release 12.2, 6 for 12.3, 7 for 19.1.
     */
    TC_FIELD_COMPATIBILITY = 0,
    /**
     * As number: The time when the file was created.
     */
    TC_FIELD_CREATION_TIME = 1,
    /**
     * As text: The URI of the writer: its host and process.
     */
    TC_FIELD_URI = 2,
    /**
     * As text: The path of the file as the writer knew it.
     */
    TC_FIELD_FILE_NAME = 3,
    /**
     * As number: 1 if the file is one of several files of a trail.
     */
    TC_FIELD_MULTI_PART = 4,
    /**
     * As number: The sequence number of the file.
     */
    TC_FIELD_SEQNO = 5,
    /**
     * As number: The size of the file in bytes.
     */
    TC_FIELD_FILE_SIZE = 6,
    /**
     * As text: CSN of the first record.
     */
    TC_FIELD_FIRST_CSN = 7,
    /**
     * As text: CSN of the last record.
     */
    TC_FIELD_LAST_CSN = 8,
    /**
     * As number: Time of the first row.
     */
    TC_FIELD_FIRST_TIME = 9,
    /**
     * As number: Time of the last row.
     */
    TC_FIELD_LAST_TIME = 10,
    /**
     * As text: The begin sequence number (BSN) of the log.
     */
    TC_FIELD_LOG_BSN = 11,
    /**
     * As number: Bit flags. The meaning of the bits is not known.
     */
    TC_FIELD_BIT_FLAGS = 12,
    /**
     * As text: The operating system of the writing host.
     */
    TC_FIELD_SYSTEM_NAME = 13,
    /**
     * As text: The name of the writing host.
     */
    TC_FIELD_HOST_NAME = 14,
    /**
     * As text: The release of the operating system.
     */
    TC_FIELD_SYSTEM_RELEASE = 15,
    /**
     * As text: The version of the operating system.
     */
    TC_FIELD_SYSTEM_VERSION = 16,
    /**
     * As text: The hardware of the writing host.
     */
    TC_FIELD_HARDWARE = 17,
    /**
     * As number: The number of the database vendor; 7 is Oracle.
     */
    TC_FIELD_DATABASE_VENDOR = 18,
    /**
     * As text: The name of the database.
     */
    TC_FIELD_DATABASE_NAME = 19,
    /**
     * As text: The instance of the database.
     */
    TC_FIELD_DATABASE_INSTANCE = 20,
    /**
     * As number: The character set of the database.
     */
    TC_FIELD_DATABASE_CHARSET = 21,
    /**
     * As number: The major release number of the database.
     */
    TC_FIELD_DATABASE_MAJOR = 22,
    /**
     * As number: The minor release number of the database.
     */
    TC_FIELD_DATABASE_MINOR = 23,
    /**
     * As text: The version text of the database.
     */
    TC_FIELD_DATABASE_VERSION = 24,
    /**
     * As number: The character set of the database client.
     */
    TC_FIELD_CLIENT_CHARSET = 25,
    /**
     * As text: The version of the database client.
     */
    TC_FIELD_CLIENT_VERSION = 26,
    /**
     * As number: The national character set of the database client.
     */
    TC_FIELD_CLIENT_NATIONAL_CHARSET = 27,
    /**
     * As number: The national character set of the database.
     */
    TC_FIELD_NATIONAL_CHARSET = 28,
    /**
     * As text: The time zone of the database.
     */
    TC_FIELD_TIME_ZONE = 29,
    /**
     * As text: The name of the Extract or pump that wrote the file.
     */
    TC_FIELD_PRODUCER_GROUP = 30,
    /**
     * As number: The kind of the producer's data source.
     */
    TC_FIELD_DATA_SOURCE = 31,
    /**
     * As number: The major release number of the producer.
     */
    TC_FIELD_PRODUCER_MAJOR = 32,
    /**
     * As number: The minor release number of the producer.
     */
    TC_FIELD_PRODUCER_MINOR = 33,
    /**
     * As number: The maintenance release number of the producer.
     */
    TC_FIELD_PRODUCER_MAINTENANCE = 34,
    /**
     * As number: The bug fix number of the producer.
     */
    TC_FIELD_PRODUCER_BUG_FIX = 35,
    /**
     * As number: The build number of the producer.
     */
    TC_FIELD_PRODUCER_BUILD = 36,
    /**
     * As text: The version text of the producer.
     */
    TC_FIELD_PRODUCER_VERSION = 37,
    /**
     * As number: The trail recovery mode.
     */
    TC_FIELD_RECOVERY_MODE = 38,
    /**
     * As number: 0 if the header has no key slot, 1 if the slot is empty, 2 if it has a key, so that rows may be encrypted.
     */
    TC_FIELD_ENCRYPTION = 39,
    /**
     * As number: 0 if numbers in the file are big-endian, 1 if they are little-endian.
     */
    TC_FIELD_BYTE_ORDER = 40,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_field tc_field;
#else
typedef uint32_t tc_field;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How an update is written.
 */
enum tc_update_style
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * One record with both images (type 134).
     */
    TC_UPDATE_UNIFIED = 0,
    /**
     * A before and an after record (type 15).
     */
    TC_UPDATE_PAIR = 1,
    /**
     * Only the after record (type 15).
     */
    TC_UPDATE_AFTER_ONLY = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_update_style tc_update_style;
#else
typedef uint32_t tc_update_style;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The kind of a delivery.
 */
enum tc_delivery_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Changes, as many as were there.
     */
    TC_DELIVERY_CHANGES = 1,
    /**
     * A transaction, or a part of one that is larger than the memory cap.
     */
    TC_DELIVERY_TRANSACTION = 2,
    /**
     * Something about the trail, such as a missing file. It has no changes.
     */
    TC_DELIVERY_EVENT = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_delivery_kind tc_delivery_kind;
#else
typedef uint32_t tc_delivery_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The record batches of all tables of a trail, in one pass. Each batch has one table and one definition, and the batches of a
 * table are in trail order. A table whose definition changes continues with batches of the new definition.
 *
 * Ownership: free it with `tc_arrow_batches_free`; it does not depend on its trail, and the batches do not depend on it.
 * Threads: one at a time.
 */
typedef struct tc_arrow_batches tc_arrow_batches;

/**
 * An owned block of changes. All changes, columns, texts and tables that it returns stay valid until the block is freed.
 *
 * Ownership: free it with `tc_block_free`; it does not depend on its reader. Its memory is then reused for the next block.
 * Threads: several may use it concurrently, except `tc_block_free`.
 */
typedef struct tc_block tc_block;

/**
 * Reusable memory for text that the library creates, such as JSON lines and explanations. Functions append to it.
 *
 * Ownership: free it with `tc_buffer_free`. Threads: one at a time, except for const functions.
 */
typedef struct tc_buffer tc_buffer;

/**
 * Table definitions by name, from definitions (DEFGEN) files. Trails of releases before 12.2 need them.
 *
 * Ownership: free it with `tc_catalog_free`; readers that use it keep what they need. Threads: const functions by several
 * concurrently.
 */
typedef struct tc_catalog tc_catalog;

/**
 * One change of a trail: an insert, update, delete, truncate or DDL.
 *
 * Ownership: it belongs to its block or reader. Threads: several may use it concurrently.
 */
typedef struct tc_change tc_change;

/**
 * Something that a tail has delivered: changes, a transaction, or an event.
 *
 * Ownership: free it with `tc_delivery_free`; it does not depend on its tail, nor do its blocks depend on it. Threads: several may use it concurrently, except
 * `tc_delivery_free`.
 */
typedef struct tc_delivery tc_delivery;

/**
 * An error of a call: what is wrong, where, and what to do about it. It never contains column data.
 *
 * Functions that read, parse or write have an `error` parameter. It may be NULL. Otherwise it is set to NULL on success, and
 * to an object that the caller owns on failure, whatever it was before.
 *
 * Ownership: free it with `tc_error_free`. Threads: several may use it concurrently.
 */
typedef struct tc_error tc_error;

/**
 * The header of a trail file: its origin, compatibility level, and range of changes.
 *
 * Ownership: free it with `tc_file_header_free`. Threads: several may use it concurrently.
 */
typedef struct tc_file_header tc_file_header;

/**
 * Reads a trail once for any number of subscribers, each of which is a tail with its own selection, start, checkpoint and policies. One
 * that starts elsewhere or is too slow reads the files itself until it has caught up.
 *
 * Ownership: free it with `tc_hub_free`, which stops the shared reading; its tails then read the files themselves. Threads: one at a
 * time.
 */
typedef struct tc_hub tc_hub;

/**
 * FILTER commands of Logdump, the interactive dump tool.
 *
 * Ownership: free it with `tc_logdump_filter_free`. Threads: several may use it concurrently.
 */
typedef struct tc_logdump_filter tc_logdump_filter;

/**
 * Running pipelines: each moves the changes of a trail on to files, another trail or tables, exactly once. docs/pipelines.md has the
 * guarantees of each sink.
 *
 * Ownership: free it with `tc_pipelines_free`, which stops them. Threads: one at a time.
 */
typedef struct tc_pipelines tc_pipelines;

/**
 * Reads the changes of a trail in trail order, with memory that is flat in the length of the trail.
 *
 * Related records are one change: the two records of an update, and a record with the large-object fragments that follow it. A
 * transaction that was rolled back is not returned.
 *
 * Ownership: free it with `tc_reader_free`; it depends on neither its trail nor its options, and its blocks do not depend on
 * it. Threads: one at a time; a reader can move between threads. Two threads need two readers.
 */
typedef struct tc_reader tc_reader;

/**
 * Reads every record of a trail, including file headers and metadata, without assembling changes.
 *
 * Ownership: free it with `tc_record_reader_free`. Threads: one at a time.
 */
typedef struct tc_record_reader tc_record_reader;

/**
 * A row to write, or one image of it. Columns that are not set are missing from it.
 *
 * Ownership: `tc_writer_row` makes it; free it with `tc_row_free`. Threads: one at a time.
 */
typedef struct tc_row tc_row;

/**
 * A selection of changes, in the language of GoldenGate's parameter files: TABLE, MAP, FILTER, WHERE and the others.
 *
 * Ownership: free it with `tc_select_free`; objects that use it keep what they need. Threads: several may use it concurrently.
 */
typedef struct tc_select tc_select;

/**
 * Applies a selection to a sequence of changes.
 *
 * Ownership: free it with `tc_selector_free`; it does not depend on its selection. Threads: one at a time; use one per thread.
 */
typedef struct tc_selector tc_selector;

/**
 * The definition of a table: its name and its columns. Immutable.
 *
 * Ownership: a `tc_table *` belongs to the caller; free it with `tc_table_free`. A `const tc_table *` is borrowed from another
 * object; `tc_table_clone` copies it. Threads: several may use it concurrently.
 */
typedef struct tc_table tc_table;

/**
 * Follows a trail while it is written, and delivers changes or whole transactions as soon as they are complete, across roll-over and
 * restarts. docs/live.md has the guarantees, and a runbook for each event.
 *
 * Ownership: free it with `tc_tail_free`; its deliveries do not depend on it. Threads: one at a time waits for deliveries; all other
 * functions but `tc_tail_free` may be called by any thread meanwhile.
 */
typedef struct tc_tail tc_tail;

/**
 * A trail: one file, or several in order. Opening reads no records. Files are never written.
 *
 * Ownership: free it with `tc_trail_free`; its readers do not depend on it. Threads: several may use it concurrently, and any
 * number of readers may read it at once.
 */
typedef struct tc_trail tc_trail;

/**
 * Writes a trail: changes between `tc_writer_begin` and `tc_writer_commit`, and `tc_writer_finish` at the end, without which
 * the trail is incomplete. The definition of a table is written before its first row in each file.
 *
 * Ownership: free it with `tc_writer_free`. Threads: one at a time.
 */
typedef struct tc_writer tc_writer;

/**
 * The decisions of a selection, counted.
 */
typedef struct {
    /**
     * Accepted.
     */
    uint64_t accepted;
    /**
     * Rejected.
     */
    uint64_t rejected;
    /**
     * Undecidable; rejected in lenient mode.
     */
    uint64_t undecidable;
    /**
     * Errors; rejected in lenient mode.
     */
    uint64_t errors;
} tc_counts;

/**
 * The position of a change or record in its source. Positions of one source sort by `seqno`, then by `rba`.
 */
typedef struct {
    /**
     * Sequence number of the file in a trail; see `tc_position_kind` for other sources.
     */
    uint64_t seqno;
    /**
     * Byte offset of the record in that file; see `tc_position_kind` for other sources.
     */
    uint64_t rba;
    /**
     * The kind of source, a `tc_position_kind`. 0 is a trail.
     */
    uint32_t kind;
    /**
     * Reserved; 0.
     */
    uint32_t reserved;
} tc_position;

/**
 * A range of a trail that was skipped.
 */
typedef struct {
    /**
     * The first byte of the range.
     */
    tc_position from;
    /**
     * The position where reading continued.
     */
    tc_position to;
} tc_skipped;

/**
 * The fixed members of a change: everything except its columns.
 */
typedef struct {
    /**
     * `sizeof(tc_change_info)`, set by the caller.
     */
    size_t size;
    /**
     * Its operation.
     */
    tc_op op;
    /**
     * Its position in the transaction.
     */
    tc_transaction_indicator transaction;
    /**
     * The position of its record; for a pair, of the after record.
     */
    tc_position position;
    /**
     * The position of its first record; for a pair, of the before record. Reading that starts here returns the whole change.
     */
    tc_position start;
    /**
     * The timestamp of the record, which is the commit time for row changes, in microseconds since 1970, UTC.
     */
    int64_t timestamp;
    /**
     * The definition of its table. It is valid as long as the change. All changes of one version of a table from one reader
     * have the same pointer, which stays valid while the reader or one of these blocks exists.
     */
    const tc_table *table;
    /**
     * The type of its record: the IOType byte of the header.
     */
    uint32_t record_type;
    /**
     * 1 if its transaction breaks off after it: the trail ends there, or begins another transaction; otherwise 0.
     */
    uint32_t unfinished;
} tc_change_info;

/**
 * Borrowed bytes, as `tc_str`, but of any content.
 */
typedef struct {
    /**
     * The first byte, or NULL for no bytes.
     */
    const uint8_t *data;
    /**
     * The number of bytes.
     */
    size_t length;
} tc_bytes;

/**
 * An exact decimal number: `(high * 2^64 + low) / 10^scale`, where `high` has the sign. Up to 38 digits.
 *
 * With GCC and Clang: `(__int128)(((unsigned __int128)(uint64_t)d.high << 64) | d.low)`.
 */
typedef struct {
    /**
     * The lower half of the digits, as a two's complement number of 128 bits.
     */
    uint64_t low;
    /**
     * The upper half.
     */
    int64_t high;
    /**
     * The number of digits after the point.
     */
    uint8_t scale;
} tc_decimal;

/**
 * A date, or date and time, as the database stores it: without a zone.
 */
typedef struct {
    /**
     * Microseconds since 1970-01-01 00:00 in the same (unknown) zone, finer digits truncated; or `TC_NO_MICROS`.
     */
    int64_t micros;
    /**
     * Nanoseconds of the second.
     */
    uint32_t nanos;
    /**
     * Year, 0 to 9999.
     */
    uint16_t year;
    /**
     * Month, 1 to 12; 0 in a zero date.
     */
    uint8_t month;
    /**
     * Day, 1 to 31; 0 in a zero date.
     */
    uint8_t day;
    /**
     * Hour, 0 to 23.
     */
    uint8_t hour;
    /**
     * Minute, 0 to 59.
     */
    uint8_t minute;
    /**
     * Second, 0 to 59.
     */
    uint8_t second;
    /**
     * The number of fraction digits of the second in the trail, 0 to 9, or `TC_DATE_ONLY`.
     */
    uint8_t digits;
} tc_datetime;

/**
 * One column of an image. `bytes` points into its block. Of `decimal` and `datetime`, only the one that `type` names is set;
 * the other is unspecified.
 */
typedef struct {
    /**
     * Its index in the table.
     */
    uint32_t index;
    /**
     * Its state.
     */
    tc_state state;
    /**
     * The type of its value.
     */
    tc_type type;
    /**
     * Always 0.
     */
    uint32_t reserved;
    /**
     * Text as UTF-8, digits, or bytes. For an invalid value its bytes, for other values the bytes in the trail.
     */
    tc_bytes bytes;
    /**
     * The number, for `TC_TYPE_DECIMAL`.
     */
    tc_decimal decimal;
    /**
     * The date, for `TC_TYPE_DATETIME`.
     */
    tc_datetime datetime;
} tc_column;

/**
 * Borrowed text: `length` bytes of UTF-8, generally not followed by a NUL. `data` is NULL for no text, but not for empty text.
 * It is valid as long as the object that returned it, as each function states.
 */
typedef struct {
    /**
     * The first byte, or NULL for no text.
     */
    const char *data;
    /**
     * The number of bytes.
     */
    size_t length;
} tc_str;

/**
 * A token of a change.
 */
typedef struct {
    /**
     * The name that Logdump prints; no text if it is unknown.
     */
    tc_str name;
    /**
     * The raw body.
     */
    tc_bytes body;
    /**
     * The value: the body, or the 18 characters of a row id; no bytes if it has no value.
     */
    tc_bytes value;
    /**
     * The id.
     */
    uint8_t id;
    /**
     * The info byte.
     */
    uint8_t info;
} tc_token;

/**
 * A raw record of a trail. Its pointers are valid as long as the object that returned it.
 */
typedef struct {
    /**
     * `sizeof(tc_record)`, set by the caller.
     */
    size_t size;
    /**
     * Its position.
     */
    tc_position position;
    /**
     * Its number in its file; the file header is record 0. Always 0 for the records of a change.
     */
    uint64_t number;
    /**
     * The whole record.
     */
    tc_bytes bytes;
    /**
     * The body of its header area; no bytes for a file header record.
     */
    tc_bytes header;
    /**
     * The body of its data area.
     */
    tc_bytes data;
    /**
     * The body of its token area; no bytes if it has none.
     */
    tc_bytes tokens;
    /**
     * The body of its user token area; no bytes if it has none.
     */
    tc_bytes user_tokens;
    /**
     * The name that Logdump prints for its type; no text for an unknown type.
     */
    tc_str type_name;
    /**
     * The table name in the header, in the character set of the database; no bytes if the header has an index.
     */
    tc_bytes table_name;
    /**
     * The timestamp in the header, in microseconds since 1970, UTC.
     */
    int64_t timestamp;
    /**
     * AuditPos: position in the log of the source.
     */
    uint64_t audit_pos;
    /**
     * AuditRBA.
     */
    uint32_t audit_rba;
    /**
     * The index of the table definition, if `has_table_index` is set.
     */
    uint16_t table_index;
    /**
     * The length of the data in the header.
     */
    uint16_t record_length;
    /**
     * Its type: IOType. 0 for a file header record.
     */
    uint8_t record_type;
    /**
     * TransInd: 0 first, 1 middle, 2 last, 3 only; the meaning of other values is not known.
     */
    uint8_t transaction;
    /**
     * BeforeAfter: `A` or `B`.
     */
    uint8_t before_after;
    /**
     * Partition.
     */
    uint8_t partition;
    /**
     * UndoFlag.
     */
    uint8_t undo;
    /**
     * OrigNode.
     */
    uint8_t orig_node;
    /**
     * FormatType: `R` read from the log, `F` fetched.
     */
    uint8_t format_type;
    /**
     * SyskeyLen.
     */
    uint8_t syskey_len;
    /**
     * Continued: not 0 if the data continues in the next record.
     */
    uint8_t continued;
    /**
     * RecCount.
     */
    uint8_t record_count;
    /**
     * True if it is a file header record.
     */
    bool is_file_header;
    /**
     * True if its header could be parsed; otherwise its fields are 0.
     */
    bool has_header;
    /**
     * True if `table_index` is set.
     */
    bool has_table_index;
    /**
     * True if its numbers are little-endian.
     */
    bool little_endian;
} tc_record;

/**
 * The location of an error, as far as it is known.
 */
typedef struct {
    /**
     * The path of the file as it was opened, followed by a NUL; no text if it is not known. It is valid as long as the error.
     */
    tc_str file;
    /**
     * Byte offset (RBA) of the record in the file.
     */
    uint64_t rba;
    /**
     * Number of the record in the file; the file header is record 0.
     */
    uint64_t record;
    /**
     * Byte offset of the fault inside the record.
     */
    uint64_t offset;
    /**
     * True if `rba` is known.
     */
    bool has_rba;
    /**
     * True if `record` is known.
     */
    bool has_record;
    /**
     * True if `offset` is known.
     */
    bool has_offset;
} tc_location;

/**
 * A diagnostic in the text of a filter: an error, or a lint. A filter with lints works.
 */
typedef struct {
    /**
     * Its kind.
     */
    tc_diagnostic_kind kind;
    /**
     * The number of GoldenGate's own message (370 of `OGG-00370`); 0 if there is none.
     */
    uint32_t ogg_number;
    /**
     * Its start in the text, in bytes.
     */
    size_t start;
    /**
     * Its end in the text, in bytes.
     */
    size_t end;
    /**
     * The description. It is valid as long as the object that returned it.
     */
    tc_str message;
    /**
     * The text to write instead; no text if that is not known.
     */
    tc_str help;
    /**
     * True if it makes the filter unusable.
     */
    bool is_error;
} tc_diagnostic;

/**
 * Receives a log message: `length` bytes of UTF-8 followed by a NUL, valid during the call. Messages never contain column
 * data. It is called from threads that call the library, and from the library's own. It must not throw and not longjmp.
 */
typedef void (*tc_log_callback)(void *user, tc_log_level level, const char *message, size_t length);

/**
 * The decision on one change.
 */
typedef struct {
    /**
     * `sizeof(tc_verdict)`, set by the caller.
     */
    size_t size;
    /**
     * The decision. `TC_DECISION_ERROR` if a call fails.
     */
    tc_decision decision;
    /**
     * The reason.
     */
    tc_reason reason;
    /**
     * The number of the rule that decided, if `has_rule` is set.
     */
    size_t rule;
    /**
     * The number of the clause in the rule, if `has_clause` is set.
     */
    size_t clause;
    /**
     * The number of GoldenGate's own message; 0 if there is none.
     */
    uint32_t ogg_number;
    /**
     * The number that RAISEERROR names; 0 if there is none.
     */
    uint32_t user_number;
    /**
     * The columns that make the change undecidable, by index in the table: the first `column_count`.
     */
    uint32_t columns[4];
    /**
     * How many of `columns` are set.
     */
    uint32_t column_count;
    /**
     * True if `rule` is set.
     */
    bool has_rule;
    /**
     * True if `clause` is set.
     */
    bool has_clause;
} tc_verdict;

/**
 * The decision of one of several rules on a change.
 */
typedef struct {
    /**
     * The number of the rule.
     */
    size_t rule;
    /**
     * The decision, which is never to reject.
     */
    tc_decision decision;
    /**
     * The reason.
     */
    tc_reason reason;
} tc_hit;

/**
 * A column of a table to write.
 */
typedef struct {
    /**
     * Its name.
     */
    const char *name;
    /**
     * Text of at most `length` bytes, a number as text, an integer of 64 bits with `scale` fraction digits, a date and time
     * with `length` digits of a second, or at most `length` bytes. `TC_KIND_OPAQUE` uses `data_type` and `sub_type`.
     */
    tc_kind kind;
    /**
     * The length, depending on the kind.
     */
    uint32_t length;
    /**
     * Data type of an opaque column.
     */
    uint16_t data_type;
    /**
     * Sub data type of an opaque column.
     */
    uint16_t sub_type;
    /**
     * Fraction digits of an integer.
     */
    int16_t scale;
    /**
     * True if text has a fixed length.
     */
    bool fixed;
    /**
     * True if it belongs to the key.
     */
    bool key;
    /**
     * The name of its character set; NULL for UTF-8.
     */
    const char *charset;
} tc_column_spec;

/**
 * The definition of one column. The numbers are those of definitions files.
 */
typedef struct {
    /**
     * `sizeof(tc_column_def)`, set by the caller.
     */
    size_t size;
    /**
     * Its name. It is valid as long as the table.
     */
    tc_str name;
    /**
     * How its bytes are decoded.
     */
    tc_kind kind;
    /**
     * Data type: 64 variable characters, 134 64-bit integer, 192 date/time and so on.
     */
    uint16_t data_type;
    /**
     * Sub data type: the meaning of the characters.
     */
    uint16_t sub_type;
    /**
     * External length in bytes.
     */
    uint32_t external_length;
    /**
     * Internal length in bytes.
     */
    uint32_t internal_length;
    /**
     * Binary length in bytes.
     */
    uint32_t binary_length;
    /**
     * Table length in bytes.
     */
    uint32_t table_length;
    /**
     * Offset in an uncompressed row.
     */
    uint32_t fetch_offset;
    /**
     * Digits after the decimal point.
     */
    int16_t scale;
    /**
     * Most significant part of a date/time.
     */
    uint16_t most_significant;
    /**
     * Least significant part of a date/time.
     */
    uint16_t least_significant;
    /**
     * The database's own type number, if `has_native_type` is set.
     */
    uint16_t native_type;
    /**
     * Length in characters, if `has_character_length` is set.
     */
    uint32_t character_length;
    /**
     * The number of its character set in trails; -1 if it is not stated or has no number.
     */
    int32_t charset;
    /**
     * True if it belongs to the key.
     */
    bool key;
    /**
     * True if `native_type` is known.
     */
    bool has_native_type;
    /**
     * True if `character_length` is known.
     */
    bool has_character_length;
    /**
     * True if `nullable` is known.
     */
    bool has_nullable;
    /**
     * True if the column may be NULL.
     */
    bool nullable;
} tc_column_def;

/**
 * A checkpoint store of the caller, such as a table of the database that it writes to. Set all members.
 */
typedef struct {
    /**
     * `sizeof(tc_checkpoint_store)`.
     */
    size_t size;
    /**
     * The first argument of the functions.
     */
    void *user;
    /**
     * Appends the text that was stored last to a buffer with `tc_buffer_append`, or nothing if there is none. Returns false if it
     * cannot be read. Called once, by `tc_tail_open_stored`.
     */
    bool (*load)(void *user, tc_buffer *checkpoint);
    /**
     * Stores `length` bytes of text in place of the last one: all of it or nothing. Returns false if it was not stored: it is tried
     * again later. Called by the thread that waits, acknowledges or closes, one at a time.
     */
    bool (*store)(void *user, const char *checkpoint, size_t length);
} tc_checkpoint_store;

/**
 * Takes a delivery. Return true to acknowledge it and to go on, false to end `tc_tail_run`. The delivery is valid during the call. It
 * must not throw and not longjmp.
 */
typedef bool (*tc_deliver)(void *user, tc_delivery *delivery);

/**
 * A file of a trail in memory.
 */
typedef struct {
    /**
     * Its name, which is copied. If it ends with 6 or 9 digits, they are the sequence number. Otherwise the file header has
     * it.
     */
    const char *name;
    /**
     * Its bytes, which are not copied.
     */
    const uint8_t *data;
    /**
     * The number of bytes.
     */
    size_t length;
} tc_memory_file;

/**
 * Called once, from any thread, when the library no longer needs an object.
 */
typedef void (*tc_release)(void *user);

/**
 * A file of a trail whose bytes the caller reads: from an archive, an object store, another program. Its functions are called
 * by the threads that read, concurrently if several readers read. They must not throw and not longjmp.
 *
 * A smaller `size` can leave out members at the end that are not set.
 */
typedef struct {
    /**
     * `sizeof(tc_source)`.
     */
    size_t size;
    /**
     * Its name, which is copied. If it ends with 6 or 9 digits, they are the sequence number. Otherwise the file header has
     * it.
     */
    const char *name;
    /**
     * The first argument of the functions.
     */
    void *user;
    /**
     * Returns the current number of bytes, or a negated `errno`.
     */
    int64_t (*length)(void *user);
    /**
     * Reads at most `length` bytes from `offset` on, and returns their number. It returns fewer only near the end, 0 at or
     * after the end, and a negated `errno` on failure.
     */
    int64_t (*read)(void *user, uint8_t *into, size_t length, uint64_t offset);
    /**
     * Called once when the library no longer needs the source. It may be NULL.
     */
    tc_release release;
} tc_source;

/**
 * The progress of a reader. It reads ahead of the changes that it returns, by about one block.
 */
typedef struct {
    /**
     * The end of the range that has been read.
     */
    tc_position position;
    /**
     * Bytes read so far, over all files. `tc_trail_size` returns the total.
     */
    uint64_t bytes;
} tc_progress;

/**
 * Called during reading, for each block of about a megabyte, by the thread that reads. Return true to continue. Return false
 * to end the reading call with `TC_ERR_CANCELLED`; a further call continues. It must not throw and not longjmp. Calls that use
 * the reader return `TC_ERR_BUSY`.
 */
typedef bool (*tc_watch)(void *user, const tc_progress *progress);

/**
 * One file of a trail.
 */
typedef struct {
    /**
     * Its path as it was opened, or its name if its bytes come from elsewhere. It is valid as long as the trail.
     */
    tc_str path;
    /**
     * The sequence number in its name, if `has_seqno` is set. Otherwise the file header has it.
     */
    uint64_t seqno;
    /**
     * True if its name has a sequence number.
     */
    bool has_seqno;
} tc_file;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Opens the changes of one table as an Arrow C stream: record batches of one schema, for any Arrow implementation. The table
 * name is case-insensitive, unless a table has exactly this name. Reads up to the first change of the table, which determines
 * the schema.
 *
 * Ownership: the stream belongs to the caller; its `release` frees it. It does not depend on the trail. If the call fails,
 * `stream->release` is NULL. Threads: several may call it concurrently; a stream is used by one at a time. `options` and
 * `arrow` may be NULL for the default. The first are those of `tc_reader_open`, the other is a JSON document of the form that
 * `docs/schema/arrow-options.json` describes. Errors: `TC_ERR_INVALID_ARGUMENT` if one has another form,
 * `TC_ERR_UNKNOWN_TABLE` if the trail has neither a change nor a definition of the table, `TC_ERR_UNDEFINED_TABLE` if its
 * columns are not known, `TC_ERR_SCHEMA_CHANGE` if a union is requested and impossible, and the errors of reading. The stream
 * reports later errors.
 * Example: `struct ArrowArrayStream stream; tc_trail_arrow_stream(trail, "BANK.POSTINGS", NULL, NULL, &stream, &error);`
 */
tc_status tc_trail_arrow_stream(const tc_trail *trail,
                                const char *table,
                                const char *options,
                                const char *arrow,
                                struct ArrowArrayStream *stream,
                                tc_error **error);

/**
 * Opens the record batches of all tables of a trail.
 *
 * `options` and `arrow` may be NULL. They are those of `tc_trail_arrow_stream`; `on_schema_change` is ignored. Errors: as
 * `tc_reader_open`.
 * Example: `tc_arrow_batches *batches; tc_arrow_batches_open(trail, NULL, NULL, &batches, &error);`
 */
tc_status tc_arrow_batches_open(const tc_trail *trail,
                                const char *options,
                                const char *arrow,
                                tc_arrow_batches **batches,
                                tc_error **error);

/**
 * Frees the object. NULL is fine.
 *
 * Example: `tc_arrow_batches_free(batches);`
 */
void tc_arrow_batches_free(tc_arrow_batches *batches);

/**
 * Returns the next record batch: its rows as an array of structs, their schema, and the definition of the table. `*table` is
 * NULL at the end of the trail. All rows before an error are returned first. The exception is a value that cannot be decoded
 * or does not fit its column: it is the error of its whole batch, unless `invalid_as_null` is set. After `TC_ERR_VALUE`,
 * `TC_ERR_FILTER`, `TC_ERR_UNDECIDABLE` and `TC_ERR_CANCELLED` a further call continues; other errors are returned again.
 *
 * Ownership: schema and rows belong to the caller; their `release` frees them. `release` is NULL if there are none. The table
 * is valid until the next call, or until `tc_arrow_batches_free`; `tc_table_clone` keeps it. Errors: those of reading,
 * `TC_ERR_VALUE`, and `TC_ERR_OTHER` if a name contains a NUL, which Arrow cannot represent.
 * Example: `while (tc_arrow_batches_next(batches, &table, &schema, &rows, &error) == TC_OK && table) take(&schema, &rows);`
 */
tc_status tc_arrow_batches_next(tc_arrow_batches *batches,
                                const tc_table **table,
                                struct ArrowSchema *schema,
                                struct ArrowArray *rows,
                                tc_error **error);

/**
 * Returns the counts of the selection so far; all zero without a selection.
 *
 * Example: `tc_counts counts; tc_arrow_batches_filter_counts(batches, &counts);`
 */
tc_status tc_arrow_batches_filter_counts(tc_arrow_batches *batches, tc_counts *counts);

/**
 * Appends the report of the reading so far to a buffer, as `tc_reader_report`.
 *
 * Example: `tc_arrow_batches_report(batches, report, &error);`
 */
tc_status tc_arrow_batches_report(tc_arrow_batches *batches, tc_buffer *report, tc_error **error);

/**
 * Returns the number of ranges skipped so far. Always 0 without `resync`.
 *
 * Example: `size_t count; tc_arrow_batches_skipped_count(batches, &count);`
 */
tc_status tc_arrow_batches_skipped_count(tc_arrow_batches *batches, size_t *count);

/**
 * Returns one of the skipped ranges, and in `*why` the reason.
 *
 * `why` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
 * Example: `tc_skipped gap; tc_error *why; tc_arrow_batches_skipped(batches, 0, &gap, &why);`
 */
tc_status tc_arrow_batches_skipped(tc_arrow_batches *batches,
                                   size_t index,
                                   tc_skipped *skipped,
                                   tc_error **why);

/**
 * Returns the schema of the record batches of a table.
 *
 * Ownership: the schema belongs to the caller; its `release` frees it. If the call fails, `release` is NULL. `arrow` may be
 * NULL for the default. Errors: `TC_ERR_INVALID_ARGUMENT` if the table lacks a requested column or two columns would have the
 * same name; `TC_ERR_OTHER` if a name contains a NUL.
 * Example: `struct ArrowSchema schema; tc_table_arrow_schema(info.table, NULL, &schema, &error);`
 */
tc_status tc_table_arrow_schema(const tc_table *table,
                                const char *arrow,
                                struct ArrowSchema *schema,
                                tc_error **error);

/**
 * Frees a block with all its changes, columns and texts. NULL is fine.
 *
 * Example: `tc_block_free(block);`
 */
void tc_block_free(tc_block *block);

/**
 * Returns the number of changes of a block, at least one.
 *
 * Example: `size_t count; tc_block_count(block, &count);`
 */
tc_status tc_block_count(const tc_block *block, size_t *count);

/**
 * Returns a change by its index in the block, from 0. It is valid as long as the block.
 *
 * Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
 * Example: `const tc_change *change; tc_block_change(block, i, &change);`
 */
tc_status tc_block_change(const tc_block *block, size_t index, const tc_change **change);

/**
 * Reads a whole change in one call, by its index in the block: the members of `tc_change_info_of`, and the columns of both
 * images, first those before the change, then those after it. `*before` and `*after` are the numbers of columns of the images,
 * and at most `room` columns in total are written to `columns`. This is the fastest way to read all columns of all changes.
 *
 * Its pointers are valid as long as the block. Values are not copied, except text in other character sets than UTF-8, which
 * each call converts again. Set `info->size` first. `info` may be NULL for none, `columns` may be NULL where `room` is 0.
 * Errors: as `tc_block_change`, `tc_change_info_of` and `tc_change_columns`.
 * Example: `for (i = 0; i < count; i++) tc_block_read(block, i, &info, columns, 64, &before, &after, &error);`
 */
tc_status tc_block_read(const tc_block *block,
                        size_t index,
                        tc_change_info *info,
                        tc_column *columns,
                        size_t room,
                        size_t *before,
                        size_t *after,
                        tc_error **error);

/**
 * Appends all changes of a block to a buffer as native JSON, one line each with a line end. If a change cannot be written, the
 * buffer has the complete lines of the changes before it.
 *
 * Threads: one at a time for a buffer. Errors: as `tc_change_write_json`.
 * Example: `status = tc_block_write_json(block, lines, &error);`
 */
tc_status tc_block_write_json(const tc_block *block,
                              tc_buffer *buffer,
                              tc_error **error);

/**
 * Creates an empty buffer.
 *
 * Example: `tc_buffer *line; tc_buffer_new(&line);`
 */
tc_status tc_buffer_new(tc_buffer **buffer);

/**
 * Frees a buffer. NULL is fine.
 *
 * Example: `tc_buffer_free(line);`
 */
void tc_buffer_free(tc_buffer *buffer);

/**
 * Returns the text in a buffer, followed by a NUL. It is valid until the buffer is appended to, cleared or freed.
 *
 * Example: `tc_str text; tc_buffer_text(line, &text); fwrite(text.data, 1, text.length, stdout);`
 */
tc_status tc_buffer_text(const tc_buffer *buffer,
                         tc_str *text);

/**
 * Appends `length` bytes of UTF-8 to a buffer, for functions of the caller that return a text.
 *
 * `text` may be NULL if `length` is 0. Errors: `TC_ERR_BAD_ARGUMENT` if the bytes are not UTF-8.
 * Example: `tc_buffer_append(checkpoint, row->text, row->length);`
 */
tc_status tc_buffer_append(tc_buffer *buffer, const char *text, size_t length);

/**
 * Empties a buffer and keeps its memory.
 *
 * Example: `tc_buffer_clear(line);`
 */
tc_status tc_buffer_clear(tc_buffer *buffer);

/**
 * Answers a request: a verb and a JSON document, by appending a JSON document to a buffer. `docs/schema` has the schemas of both.
 *
 * The verbs are `check`, `count`, `info`, `state`, `history`, `diff`, `index`, `volume` and `transactions`. `state` (the rows of a table as of a
 * place), `history` (the changes of one row) and `diff` (two trails) have arguments:
 * `{"path":"dirdat/lt","arguments":{"table":"HR.EMP","at":"csn:1000"}}`. Damage is not an error of `check` and `count`: their
 * reports state it.
 *
 * The verbs of operations are `ops.` and the name of a schema of `docs/schema`: `ops.health`, `ops.lint`, `ops.backup`, `ops.explain` and others,
 * all in docs/operations.md. Their requests have artefacts of GoldenGate in place of a trail: `{"inputs":[{"path":"ggserr.log"}]}`.
 *
 * Errors: `TC_ERR_INVALID_ARGUMENT` for an unknown verb or a request that does not have the form of its schema, and the errors
 * of opening and reading.
 * Example: `tc_call("count", "{\"path\":\"dirdat/lt\"}", report, &error);`
 */
tc_status tc_call(const char *verb,
                  const char *request,
                  tc_buffer *response,
                  tc_error **error);

/**
 * Answers a request about an open trail, as `tc_call`.
 *
 * `options` may be NULL for the default. Errors: as `tc_call`.
 * Example: `tc_trail_call(trail, "check", NULL, report, &error);`
 */
tc_status tc_trail_call(const tc_trail *trail,
                        const char *verb,
                        const char *options,
                        tc_buffer *response,
                        tc_error **error);

/**
 * Creates an empty catalog.
 *
 * Example: `tc_catalog *catalog; tc_catalog_new(&catalog);`
 */
tc_status tc_catalog_new(tc_catalog **catalog);

/**
 * Reads a definitions file.
 *
 * Errors: `TC_ERR_NOT_FOUND`, `TC_ERR_IO`; `TC_ERR_DEFINITIONS` if it cannot be parsed, with the line.
 * Example: `tc_catalog_open("dirdef/hr.def", &catalog, &error);`
 */
tc_status tc_catalog_open(const char *file, tc_catalog **catalog, tc_error **error);

/**
 * Parses the bytes of a definitions file.
 *
 * The bytes are not kept. Errors: `TC_ERR_DEFINITIONS` if they cannot be parsed, with the line.
 * Example: `tc_catalog_parse(bytes, length, &catalog, &error);`
 */
tc_status tc_catalog_parse(const uint8_t *bytes, size_t length, tc_catalog **catalog, tc_error **error);

/**
 * Frees a catalog. NULL is fine.
 *
 * Example: `tc_catalog_free(catalog);`
 */
void tc_catalog_free(tc_catalog *catalog);

/**
 * Adds a definition, replacing one of the same name. Readers that already use the catalog do not see it.
 *
 * Example: `tc_catalog_insert(catalog, table);`
 */
tc_status tc_catalog_insert(tc_catalog *catalog, const tc_table *table);

/**
 * Returns the number of definitions.
 *
 * Example: `size_t count; tc_catalog_count(catalog, &count);`
 */
tc_status tc_catalog_count(const tc_catalog *catalog, size_t *count);

/**
 * Returns a definition by its index. Definitions are ordered by name.
 *
 * Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
 * Example: `tc_catalog_table(catalog, 0, &table);`
 */
tc_status tc_catalog_table(const tc_catalog *catalog, size_t index, tc_table **table);

/**
 * Returns the definition of a table by its name: the exact match, or the only case-insensitive match. `*table` is NULL if
 * there is none.
 *
 * Example: `tc_catalog_find(catalog, "HR.EMP", &table);`
 */
tc_status tc_catalog_find(const tc_catalog *catalog,
                          const char *name,
                          tc_table **table);

/**
 * Returns the fixed members of a change.
 *
 * Errors: `TC_ERR_BAD_ARGUMENT` if `size` of `info` is not set.
 * Example: `tc_change_info info; info.size = sizeof info; tc_change_info_of(change, &info);`
 */
tc_status tc_change_info_of(const tc_change *change, tc_change_info *info);

/**
 * Returns the table name of a change, with the parts joined by `.`. For a DDL change, returns the name of the object. It is
 * valid as long as the change.
 *
 * Example: `tc_str name; tc_change_table_name(change, &name); printf("%.*s", (int)name.length, name.data);`
 */
tc_status tc_change_table_name(const tc_change *change,
                               tc_str *name);

/**
 * Returns the commit sequence number of the transaction of a change; no text if the trail does not contain it. It is valid as
 * long as the change.
 *
 * Example: `tc_str csn; tc_change_csn(change, &csn);`
 */
tc_status tc_change_csn(const tc_change *change,
                        tc_str *csn);

/**
 * Returns the id of the transaction of a change; no text if the trail does not contain it. It is valid as long as the change.
 *
 * Example: `tc_str xid; tc_change_xid(change, &xid);`
 */
tc_status tc_change_xid(const tc_change *change,
                        tc_str *xid);

/**
 * Returns whether a change has this image. An image can have no columns.
 *
 * Errors: `TC_ERR_CORRUPT` if the images do not fit the record, `TC_ERR_UNSUPPORTED` if they are encrypted or of an unknown
 * form, `TC_ERR_BAD_ARGUMENT` for an unknown `image`.
 * Example: `bool has; tc_change_has_image(change, TC_IMAGE_BEFORE, &has, &error);`
 */
tc_status tc_change_has_image(const tc_change *change,
                              tc_image image,
                              bool *has,
                              tc_error **error);

/**
 * Returns the columns that an image has, in trail order; missing columns are left out. `*count` is the number of columns of
 * the image, and at most `room` of them are written to `columns`. An image that the change does not have has no columns.
 *
 * Its pointers are valid as long as the change. Values are not copied, except text in other character sets than UTF-8, which
 * each call converts again. `columns` may be NULL where `room` is 0. Errors: as `tc_change_has_image`, and `TC_ERR_CORRUPT` if
 * the image ends within a column.
 * Example: `tc_column columns[64]; size_t count; tc_change_columns(change, TC_IMAGE_AFTER, columns, 64, &count, &error);`
 */
tc_status tc_change_columns(const tc_change *change,
                            tc_image image,
                            tc_column *columns,
                            size_t room,
                            size_t *count,
                            tc_error **error);

/**
 * Returns a column of an image by its index in the table. Its state is `TC_STATE_MISSING` if the image does not have it, or
 * the change does not have the image. Its pointers are valid as long as the change.
 *
 * Errors: as `tc_change_has_image`; `TC_ERR_BAD_ARGUMENT` if the table is defined and has no such column.
 * Example: `tc_column amount; tc_change_column(change, TC_IMAGE_AFTER, index, &amount, &error);`
 */
tc_status tc_change_column(const tc_change *change,
                           tc_image image,
                           size_t index,
                           tc_column *column,
                           tc_error **error);

/**
 * Returns a column of an image by its name: the exact match, or the only case-insensitive match. In tables without a
 * definition, columns are named `COL0`, `COL1` and so on. Otherwise as `tc_change_column`.
 *
 * Errors: as `tc_change_column`.
 * Example: `tc_column amount; tc_change_find_column(change, TC_IMAGE_AFTER, "AMOUNT", &amount, &error);`
 */
tc_status tc_change_find_column(const tc_change *change,
                                tc_image image,
                                const char *name,
                                tc_column *column,
                                tc_error **error);

/**
 * Appends a change to a buffer as one line of native JSON, without a line end.
 *
 * Threads: one at a time for a buffer. Errors: `TC_ERR_CORRUPT` if an image is damaged; the buffer is unchanged then. An image
 * of an unknown form is not an error; it is written as `{"$unsupported": "why"}`.
 * Example: `tc_buffer_clear(line); tc_change_write_json(change, line, &error);`
 */
tc_status tc_change_write_json(const tc_change *change,
                               tc_buffer *buffer,
                               tc_error **error);

/**
 * Returns the number of GoldenGate's own tokens of a change.
 *
 * Example: `size_t count; tc_change_token_count(change, &count);`
 */
tc_status tc_change_token_count(const tc_change *change, size_t *count);

/**
 * Returns one of GoldenGate's own tokens of a change. For a pair, the tokens of the after record come first. Its pointers are
 * valid as long as the change.
 *
 * Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
 * Example: `tc_token token; tc_change_token(change, 0, &token);`
 */
tc_status tc_change_token(const tc_change *change,
                          size_t index,
                          tc_token *token);

/**
 * Returns the raw user tokens of a change, whose layout is not known; no bytes if it has none. They are valid as long as the
 * change.
 *
 * Example: `tc_bytes area; tc_change_user_tokens(change, &area);`
 */
tc_status tc_change_user_tokens(const tc_change *change,
                                tc_bytes *area);

/**
 * Returns the whole text of a DDL change; no text for other changes, or if it is encrypted. It is valid as long as the change.
 *
 * Example: `tc_str statement; tc_change_ddl(change, &statement);`
 */
tc_status tc_change_ddl(const tc_change *change,
                        tc_str *statement);

/**
 * Returns the value of one tag in the text of a DDL change, such as `B4` for the object or `C1` for the SQL text; no text if
 * the tag is missing. It is valid as long as the change.
 *
 * Example: `tc_str sql; tc_change_ddl_field(change, "C1", &sql);`
 */
tc_status tc_change_ddl_field(const tc_change *change,
                              const char *tag,
                              tc_str *value);

/**
 * Returns the header of the file of a change; `*header` is NULL if the file has none.
 *
 * Example: `tc_file_header *header; tc_change_file_header(change, &header);`
 */
tc_status tc_change_file_header(const tc_change *change, tc_file_header **header);

/**
 * Returns the number of records of a change: two for a pair, plus its large-object fragments.
 *
 * Example: `size_t count; tc_change_record_count(change, &count);`
 */
tc_status tc_change_record_count(const tc_change *change, size_t *count);

/**
 * Returns one of the raw records of a change. For a pair, the before record is the first. Its position and number are those of
 * the change. Its pointers are valid as long as the change.
 *
 * Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range or if `size` of `record` is not set.
 * Example: `tc_record record; record.size = sizeof record; tc_change_record(change, 0, &record);`
 */
tc_status tc_change_record(const tc_change *change,
                           size_t index,
                           tc_record *record);

/**
 * Returns the whole number in a column.
 *
 * Errors: `TC_ERR_VALUE` if it is not a number, has a fraction, or does not fit.
 * Example: `int64_t id; if (tc_column_i64(&column, &id) != TC_OK) skip();`
 */
tc_status tc_column_i64(const tc_column *column, int64_t *number);

/**
 * Returns the exact number in a column.
 *
 * Errors: `TC_ERR_VALUE` if it is not a number or has more than 38 digits.
 * Example: `tc_decimal amount; tc_column_decimal(&column, &amount);`
 */
tc_status tc_column_decimal(const tc_column *column, tc_decimal *number);

/**
 * Returns the floating-point number nearest to the number in a column. Not exact: for plots, not for sums of money.
 *
 * Errors: as `tc_column_decimal`.
 * Example: `double y; tc_column_f64(&column, &y);`
 */
tc_status tc_column_f64(const tc_column *column,
                        double *number);

/**
 * Returns the text in a column as UTF-8, or the digits of a number that the trail stores as text. It is valid as long as the
 * change.
 *
 * Errors: `TC_ERR_VALUE` if it is not text.
 * Example: `tc_str memo; tc_column_text(&column, &memo);`
 */
tc_status tc_column_text(const tc_column *column,
                         tc_str *value);

/**
 * Returns the date, or date and time, in a column.
 *
 * Errors: `TC_ERR_VALUE` if it is not a date.
 * Example: `tc_datetime posted; tc_column_datetime(&column, &posted);`
 */
tc_status tc_column_datetime(const tc_column *column, tc_datetime *time);

/**
 * Returns the bytes of a column of any type, decodable or not: text as UTF-8, other values as in the trail. They are valid as
 * long as the change.
 *
 * Errors: `TC_ERR_VALUE` if it is NULL, missing or unchanged.
 * Example: `tc_bytes raw; tc_column_bytes(&column, &raw);`
 */
tc_status tc_column_bytes(const tc_column *column,
                          tc_bytes *bytes);

/**
 * Appends the value of a column to a buffer as readable text: text as it is, numbers with all their digits, dates as ISO 8601,
 * bytes as `0x` and hexadecimal. Appends `NULL`, `missing`, `unchanged`, or `invalid:0x` and hexadecimal for the other states.
 *
 * Threads: one at a time for a buffer.
 * Example: `tc_buffer_clear(text); tc_column_write(&column, text);`
 */
tc_status tc_column_write(const tc_column *column,
                          tc_buffer *buffer);

/**
 * Frees a delivery. NULL is fine. Its blocks stay valid. It does not acknowledge it.
 *
 * Example: `tc_delivery_free(delivery);`
 */
void tc_delivery_free(tc_delivery *delivery);

/**
 * Returns the kind of a delivery, and 0 if an error occurs.
 *
 * Example: `tc_delivery_kind kind; tc_delivery_kind_of(delivery, &kind);`
 */
tc_status tc_delivery_kind_of(const tc_delivery *delivery, tc_delivery_kind *kind);

/**
 * Returns the number of a delivery in its tail, for `tc_tail_acknowledge`; 0 for an event, which needs no acknowledgement.
 *
 * Example: `uint64_t number; tc_delivery_number(delivery, &number);`
 */
tc_status tc_delivery_number(const tc_delivery *delivery,
                             uint64_t *number);

/**
 * Appends all about a delivery but its changes to a buffer, as JSON: `end`, the position after its last change; of a transaction `csn`,
 * `xid`, `timestamp`, `part` (whole, first, middle, last) and `complete` too; of an event the form of docs/schema/event.json.
 *
 * Example: `tc_delivery_facts(delivery, facts, &error);`
 */
tc_status tc_delivery_facts(const tc_delivery *delivery,
                            tc_buffer *facts,
                            tc_error **error);

/**
 * Returns the next changes of a delivery; `*block` is NULL after the last ones. Most deliveries have one block.
 *
 * Ownership: free the block with `tc_block_free`. Errors: those of reading, of a large transaction that is read from the trail again
 * (`oversize` is `reread`).
 * Example: `while (tc_delivery_next_block(delivery, &block, &error) == TC_OK && block) { use(block); tc_block_free(block); }`
 */
tc_status tc_delivery_next_block(tc_delivery *delivery,
                                 tc_block **block,
                                 tc_error **error);

/**
 * Frees an error. NULL is fine.
 *
 * Example: `tc_error_free(error);`
 */
void tc_error_free(tc_error *error);

/**
 * Returns the status of an error: `TC_OK` for NULL, and a handle error for a pointer that is not an error.
 *
 * No errors of its own.
 * Example: `if (tc_error_status(error) == TC_ERR_TRUNCATED) wait_for_more();`
 */
tc_status tc_error_status(const tc_error *error);

/**
 * Returns what is wrong, where, and what to do about it, as one text that ends with a NUL. It is valid as long as the error.
 * Returns an empty text for NULL and for a pointer that is not an error.
 *
 * Example: `fprintf(stderr, "%s\n", tc_error_message(error));`
 */
const char *tc_error_message(const tc_error *error);

/**
 * Returns what is wrong, without the location and without advice. Otherwise as `tc_error_message`.
 *
 * Example: `report(tc_error_what(error), location.rba);`
 */
const char *tc_error_what(const tc_error *error);

/**
 * Returns the location of an error. Its texts are valid as long as the error.
 *
 * Example: `tc_location place; if (tc_error_location(error, &place) == TC_OK && place.has_rba) go_to(place.rba);`
 */
tc_status tc_error_location(const tc_error *error,
                            tc_location *location);

/**
 * Returns the number of diagnostics of a filter error; 0 for all other errors.
 *
 * Example: `size_t count; tc_error_diagnostic_count(error, &count);`
 */
tc_status tc_error_diagnostic_count(const tc_error *error, size_t *count);

/**
 * Returns one of the diagnostics of a filter error. Its texts are valid as long as the error.
 *
 * Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
 * Example: `tc_diagnostic first; tc_error_diagnostic(error, 0, &first);`
 */
tc_status tc_error_diagnostic(const tc_error *error, size_t index, tc_diagnostic *diagnostic);

/**
 * Frees a header. NULL is fine.
 *
 * Example: `tc_file_header_free(header);`
 */
void tc_file_header_free(tc_file_header *header);

/**
 * Returns a text field; no text if it has no value. It is valid as long as the header.
 *
 * Errors: `TC_ERR_BAD_ARGUMENT` if `field` is unknown or a number.
 * Example: `tc_str csn; tc_field_state state; tc_file_header_text(header, TC_FIELD_FIRST_CSN, &csn, &state);`
 */
tc_status tc_file_header_text(const tc_file_header *header,
                              tc_field field,
                              tc_str *text,
                              tc_field_state *state);

/**
 * Returns a number field; 0 if it has no value.
 *
 * Errors: `TC_ERR_BAD_ARGUMENT` if `field` is unknown or text.
 * Example: `int64_t level; tc_field_state state; tc_file_header_number(header, TC_FIELD_COMPATIBILITY, &level, &state);`
 */
tc_status tc_file_header_number(const tc_file_header *header,
                                tc_field field,
                                int64_t *number,
                                tc_field_state *state);

/**
 * Returns the body of a token by its group (hexadecimal 30 trail, 31 machine, 32 database, 33 producer, 34 continuity) and id,
 * also for unknown tokens; no bytes if it has no value. They are valid as long as the header.
 *
 * Example: `tc_bytes uris; tc_field_state state; tc_file_header_token(header, 0x30, 0x35, &uris, &state);`
 */
tc_status tc_file_header_token(const tc_file_header *header,
                               uint8_t group,
                               uint8_t id,
                               tc_bytes *body,
                               tc_field_state *state);

/**
 * Opens the trail at a path for a shared reading. `options` as `tc_tail_open`, may be NULL; selection, delivery and policies
 * are those of each subscriber.
 *
 * Errors: as `tc_tail_open`.
 * Example: `tc_hub_open("dirdat/lt", NULL, &hub, &error);`
 */
tc_status tc_hub_open(const char *place,
                      const char *options,
                      tc_hub **hub,
                      tc_error **error);

/**
 * Adds a subscriber, at any time. `options` and `checkpoint` as `tc_tail_open`; both may be NULL.
 *
 * Ownership: free the tail with `tc_tail_free`; it stays valid without its hub. Errors: as `tc_tail_open`.
 * Example: `tc_hub_subscribe(hub, "{\"slow\":\"block\"}", NULL, &tail, &error);`
 */
tc_status tc_hub_subscribe(tc_hub *hub,
                           const char *options,
                           const char *checkpoint,
                           tc_tail **tail,
                           tc_error **error);

/**
 * Starts the shared reading, in a thread of the library. A second call has no effect.
 *
 * Errors: `TC_ERR_IO` if the thread cannot be started.
 * Example: `tc_hub_start(hub, &error);`
 */
tc_status tc_hub_start(tc_hub *hub, tc_error **error);

/**
 * Stops the shared reading and frees the hub. NULL is fine.
 *
 * Example: `tc_hub_free(hub);`
 */
void tc_hub_free(tc_hub *hub);

/**
 * Sets the log callback of the process, and `user` as its argument. With a NULL `callback`, messages are dropped, as they are
 * initially. The last call wins. When it returns, the previous callback may still be running in another thread; it is not
 * called again after that.
 *
 * Any thread may call it, but not the callback itself. `callback` and `user` may be NULL. Always `TC_OK`.
 * Example: `tc_log_set(write_to_our_log, our_log);`
 */
tc_status tc_log_set(tc_log_callback callback,
                     void *user);

/**
 * Parses one or more FILTER commands.
 *
 * Errors: `TC_ERR_INVALID_ARGUMENT` if the text is wrong, or needs information that no trail has.
 * Example: `tc_logdump_filter_parse("FILTER RECTYPE Insert", &filter, &error);`
 */
tc_status tc_logdump_filter_parse(const char *source, tc_logdump_filter **filter, tc_error **error);

/**
 * Frees a filter. NULL is fine.
 *
 * Example: `tc_logdump_filter_free(filter);`
 */
void tc_logdump_filter_free(tc_logdump_filter *filter);

/**
 * Returns whether Logdump would show a change.
 *
 * Example: `bool shown; tc_logdump_filter_matches(filter, change, &shown);`
 */
tc_status tc_logdump_filter_matches(const tc_logdump_filter *filter, const tc_change *change, bool *matches);

/**
 * Appends FILTER commands to a buffer that parse to the same filter.
 *
 * Threads: several concurrently, with a buffer each.
 * Example: `tc_logdump_filter_write(filter, text);`
 */
tc_status tc_logdump_filter_write(const tc_logdump_filter *filter, tc_buffer *buffer);

/**
 * Returns the name of an operation in the native JSON form, such as `pk_update`: static text that ends with a NUL. Returns
 * `unknown` for an unknown number.
 *
 * No errors.
 * Example: `printf("%s\n", tc_op_name(info.op));`
 */
const char *tc_op_name(tc_op op);

/**
 * Starts the pipelines of a TOML text. What they meet later is in their status.
 *
 * Errors: `TC_ERR_INVALID_ARGUMENT` for a text or options that are not valid; nothing runs then.
 * Example: `tc_pipelines_start(toml, &pipelines, &error);`
 */
tc_status tc_pipelines_start(const char *toml, tc_pipelines **pipelines, tc_error **error);

/**
 * Answers a request, by appending JSON to a buffer. The verbs are `status`; `pause`, `resume`, `drain` (to the end of what is there) and
 * `stop`, of all or of `{"pipeline":"NAME"}`; `difference` and `apply` of other pipelines, `{"toml":"…"}`.
 *
 * `request` may be NULL for none. Errors: `TC_ERR_INVALID_ARGUMENT` for an unknown verb or pipeline; for `drain` and `stop` the error that
 * has ended a pipeline; `TC_ERR_CANCELLED` if applied pipelines did not become healthy and the old ones run again.
 * Example: `tc_pipelines_call(pipelines, "drain", NULL, status, &error);`
 */
tc_status tc_pipelines_call(tc_pipelines *pipelines,
                            const char *verb,
                            const char *request,
                            tc_buffer *response,
                            tc_error **error);

/**
 * Stops pipelines, after a commit of what was read, and frees them. `tc_pipelines_call` with `stop` reports errors of that. NULL is fine.
 *
 * Example: `tc_pipelines_free(pipelines);`
 */
void tc_pipelines_free(tc_pipelines *pipelines);

/**
 * Opens a reader of the changes of a trail.
 *
 * `options` may be NULL for the default. It is a JSON document of the form that `docs/schema/read-options.json` describes.
 * Errors: `TC_ERR_INVALID_ARGUMENT` if it has another form; with a position to start from, `TC_ERR_INVALID_POSITION` if no
 * record starts there, and the errors of reading up to it.
 * Example: `tc_reader *reader; tc_reader_open(trail, "{\"resync\":true}", &reader, &error);`
 */
tc_status tc_reader_open(const tc_trail *trail,
                         const char *options,
                         tc_reader **reader,
                         tc_error **error);

/**
 * Frees a reader. NULL is fine. Its blocks stay valid.
 *
 * Example: `tc_reader_free(reader);`
 */
void tc_reader_free(tc_reader *reader);

/**
 * Returns the next changes, at most `most` of them. There are fewer if they have many bytes, at the end, and before an error,
 * which the next call returns. `*block` is NULL at the end of the trail; a later call checks again for more.
 *
 * A further call after an error returns the same error. After errors of a selection and `TC_ERR_CANCELLED`, it continues with
 * the next change. After a torn tail it checks whether the file has grown. Errors: `TC_ERR_TRUNCATED` if the last file ends
 * inside a record, `TC_ERR_CORRUPT`, `TC_ERR_NOT_A_TRAIL`, `TC_ERR_SEQUENCE_GAP`, `TC_ERR_UNDEFINED_TABLE`,
 * `TC_ERR_UNDECIDABLE`, `TC_ERR_FILTER`, `TC_ERR_CANCELLED`, `TC_ERR_IO`; `TC_ERR_BAD_ARGUMENT` if `most` is 0.
 * Example: `while (tc_reader_next_block(reader, 1000, &block, &error) == TC_OK && block) { use(block); tc_block_free(block); }`
 */
tc_status tc_reader_next_block(tc_reader *reader,
                               size_t most,
                               tc_block **block,
                               tc_error **error);

/**
 * Returns the next change, valid until the next call with the reader. `*change` is NULL at the end of the trail. Convenient,
 * but blocks are much faster.
 *
 * Ownership: the change belongs to the reader. Errors: as `tc_reader_next_block`.
 * Example: `while (tc_reader_next(reader, &change, &error) == TC_OK && change) use(change);`
 */
tc_status tc_reader_next(tc_reader *reader,
                         const tc_change **change,
                         tc_error **error);

/**
 * Returns the position after the last change that was returned, to continue reading later.
 *
 * Example: `tc_position next; tc_reader_position(reader, &next);`
 */
tc_status tc_reader_position(tc_reader *reader, tc_position *position);

/**
 * Returns the counts of the reader's selection so far; all zero without a selection.
 *
 * Example: `tc_counts counts; tc_reader_filter_counts(reader, &counts);`
 */
tc_status tc_reader_filter_counts(tc_reader *reader, tc_counts *counts);

/**
 * Appends the report of the reading so far to a buffer: a JSON document with the counts of the selection, the causes of undecided
 * changes, skipped ranges, names of the selection that fit no table, and unfinished transactions.
 *
 * Example: `tc_reader_report(reader, report, &error);`
 */
tc_status tc_reader_report(tc_reader *reader,
                           tc_buffer *report,
                           tc_error **error);

/**
 * Returns the number of ranges skipped so far. Always 0 without `resync`.
 *
 * Example: `size_t count; tc_reader_skipped_count(reader, &count);`
 */
tc_status tc_reader_skipped_count(tc_reader *reader, size_t *count);

/**
 * Returns one of the skipped ranges, and in `*why` the reason.
 *
 * `why` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
 * Example: `tc_skipped gap; tc_error *why; tc_reader_skipped(reader, 0, &gap, &why);`
 */
tc_status tc_reader_skipped(tc_reader *reader, size_t index, tc_skipped *skipped, tc_error **why);

/**
 * Returns the table definitions read so far, the latest of each table, as a catalog.
 *
 * Example: `tc_catalog *tables; tc_reader_tables(reader, &tables);`
 */
tc_status tc_reader_tables(tc_reader *reader, tc_catalog **tables);

/**
 * Returns the header of the file that is being read; `*header` is NULL before the first record, and for files without a
 * header.
 *
 * Example: `tc_file_header *header; tc_reader_file_header(reader, &header);`
 */
tc_status tc_reader_file_header(tc_reader *reader,
                                tc_file_header **header);

/**
 * Opens a reader of the records of a trail.
 *
 * `options` may be NULL. They are those of `tc_reader_open`, of which only `resync` and `mapped` are used. Errors:
 * `TC_ERR_INVALID_ARGUMENT` if they have another form.
 * Example: `tc_record_reader *records; tc_record_reader_open(trail, NULL, &records, &error);`
 */
tc_status tc_record_reader_open(const tc_trail *trail,
                                const char *options,
                                tc_record_reader **reader,
                                tc_error **error);

/**
 * Frees a record reader. NULL is fine.
 *
 * Example: `tc_record_reader_free(records);`
 */
void tc_record_reader_free(tc_record_reader *reader);

/**
 * Returns the next record, valid until the next call with the reader. `*more` is false at the end of the trail.
 *
 * Errors: as `tc_reader_next_block`, but for undefined tables and selections; `TC_ERR_BAD_ARGUMENT` if `size` of `record` is
 * not set.
 * Example: `while (tc_record_reader_next(records, &record, &more, &error) == TC_OK && more) use(&record);`
 */
tc_status tc_record_reader_next(tc_record_reader *reader,
                                tc_record *record,
                                bool *more,
                                tc_error **error);

/**
 * Returns the number of ranges skipped so far. Always 0 without `resync`.
 *
 * Example: `size_t count; tc_record_reader_skipped_count(records, &count);`
 */
tc_status tc_record_reader_skipped_count(tc_record_reader *reader, size_t *count);

/**
 * Returns one of the skipped ranges, and in `*why` the reason.
 *
 * `why` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
 * Example: `tc_skipped gap; tc_error *why; tc_record_reader_skipped(records, 0, &gap, &why);`
 */
tc_status tc_record_reader_skipped(tc_record_reader *reader,
                                   size_t index,
                                   tc_skipped *skipped,
                                   tc_error **why);

/**
 * Frees a row. NULL is fine.
 *
 * Example: `tc_row_free(row);`
 */
void tc_row_free(tc_row *row);

/**
 * Removes all columns of a row, to use it again.
 *
 * Example: `tc_row_clear(row);`
 */
tc_status tc_row_clear(tc_row *row);

/**
 * Sets a text column: `length` bytes of UTF-8, which are written in the character set of the column.
 *
 * Errors: `TC_ERR_INVALID_ARGUMENT` if the table has no such column or it is not a text column, `TC_ERR_UNENCODABLE` if the
 * character set lacks a character of the text, or the text is too long for an image.
 * Example: `tc_row_text(row, "MEMO", "cash", 4, &error);`
 */
tc_status tc_row_text(tc_row *row,
                      const char *column,
                      const char *value,
                      size_t length,
                      tc_error **error);

/**
 * Sets a number column that is stored as text, from a text that ends with a NUL. The digits are written unchanged.
 *
 * Errors: as `tc_row_text`; the text must be a number.
 * Example: `tc_row_number(row, "CREDIT_LIMIT", "1500.50", &error);`
 */
tc_status tc_row_number(tc_row *row,
                        const char *column,
                        const char *digits,
                        tc_error **error);

/**
 * Sets a column that is stored as an integer. The number must have the scale of the column or fit it exactly.
 *
 * Errors: as `tc_row_text`; `TC_ERR_UNENCODABLE` if it does not fit exactly.
 * Example: `tc_decimal amount = {1250, 0, 2}; tc_row_decimal(row, "AMOUNT", amount, &error);`
 */
tc_status tc_row_decimal(tc_row *row, const char *column, tc_decimal value, tc_error **error);

/**
 * Sets a column that is stored as an integer to a whole number.
 *
 * Errors: as `tc_row_decimal`.
 * Example: `tc_row_i64(row, "POSTING_ID", 17, &error);`
 */
tc_status tc_row_i64(tc_row *row, const char *column, int64_t value, tc_error **error);

/**
 * Sets a date column from the text form of trails, `YYYY-MM-DD[:HH:MI:SS[.f...]]`.
 *
 * Errors: as `tc_row_text`; the text must be a date.
 * Example: `tc_row_datetime(row, "POSTED", "2024-03-01:09:15:01.250000", &error);`
 */
tc_status tc_row_datetime(tc_row *row, const char *column, const char *value, tc_error **error);

/**
 * Sets a column of bytes: binary, or of an unknown type.
 *
 * Errors: as `tc_row_text`.
 * Example: `tc_row_bytes(row, "IMAGE", bytes, length, &error);`
 */
tc_status tc_row_bytes(tc_row *row,
                       const char *column,
                       const uint8_t *value,
                       size_t length,
                       tc_error **error);

/**
 * Sets a column to NULL.
 *
 * Errors: `TC_ERR_INVALID_ARGUMENT` if the table has no such column.
 * Example: `tc_row_null(row, "MEMO", &error);`
 */
tc_status tc_row_null(tc_row *row, const char *column, tc_error **error);

/**
 * Parses the statements of a parameter file. Parameters that do not select changes are skipped.
 *
 * `options` may be NULL for the default. It is a JSON document of the form that `docs/schema/select-options.json` describes.
 * Errors: `TC_ERR_INVALID_ARGUMENT` if it has another form, `TC_ERR_FILTER` if the text is wrong, with all diagnostics in the
 * error.
 * Example: `tc_select_parse("TABLE HR.EMP, FILTER (SALARY > 1000);", NULL, &select, &error);`
 */
tc_status tc_select_parse(const char *source,
                          const char *options,
                          tc_select **select,
                          tc_error **error);

/**
 * Appends a value to a buffer as a literal for the text of a selection: in single quotes, with quotes inside doubled. With it,
 * a program builds the text of a selection from values safely. Literals of `nonansi` selections are different.
 *
 * Example: `tc_quote("O'Hara", text); tc_buffer_text(text, &literal);`
 */
tc_status tc_quote(const char *value,
                   tc_buffer *buffer);

/**
 * Reads a parameter file. Included files are searched in its directory.
 *
 * `options` may be NULL for the default. Errors: `TC_ERR_NOT_FOUND`, `TC_ERR_IO`; `TC_ERR_FILTER` if its text is wrong, as for
 * `tc_select_parse`.
 * Example: `tc_select_open("dirprm/pump.prm", NULL, &select, &error);`
 */
tc_status tc_select_open(const char *file,
                         const char *options,
                         tc_select **select,
                         tc_error **error);

/**
 * Returns the same selection with other options, which replace all earlier ones. `dialect`, which is about parsing, is ignored.
 *
 * The original is unchanged. `options` may be NULL for the default. Errors: as `tc_select_parse`.
 * Example: `tc_select_with(select, "{\"lenient\":true}", &lenient, &error);`
 */
tc_status tc_select_with(const tc_select *select,
                         const char *options,
                         tc_select **with,
                         tc_error **error);

/**
 * Frees a selection. NULL is fine.
 *
 * Example: `tc_select_free(select);`
 */
void tc_select_free(tc_select *select);

/**
 * Appends a selection to a buffer as a parameter file, one statement per line.
 *
 * Threads: several concurrently, with a buffer each.
 * Example: `tc_select_write(select, text);`
 */
tc_status tc_select_write(const tc_select *select, tc_buffer *buffer);

/**
 * Returns the number of rules (TABLE and MAP statements) of a selection.
 *
 * Example: `size_t count; tc_select_rule_count(select, &count);`
 */
tc_status tc_select_rule_count(const tc_select *select, size_t *count);

/**
 * Appends a rule to a buffer, by its number in verdicts.
 *
 * Threads: several concurrently, with a buffer each. Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
 * Example: `tc_select_write_rule(select, verdict.rule, text);`
 */
tc_status tc_select_write_rule(const tc_select *select, size_t rule, tc_buffer *buffer);

/**
 * Appends to a buffer the name of the object that a rule maps `object` to: the target of the rule, or `object` itself if it
 * has none. If `known` lists the existing objects, the result is the one whose name matches as the selection compares names.
 * Otherwise it is the computed name.
 *
 * Threads: several concurrently, with a buffer each. `known` may be NULL where `count` is 0. Errors: `TC_ERR_FILTER` if none
 * of the known names matches, `TC_ERR_BAD_ARGUMENT` if there is no such rule.
 * Example: `tc_select_target(select, verdict.rule, "HR.EMP", NULL, 0, name, &error);`
 */
tc_status tc_select_target(const tc_select *select,
                           size_t rule,
                           const char *object,
                           const char *const *known,
                           size_t count,
                           tc_buffer *buffer,
                           tc_error **error);

/**
 * Returns the number of lints: doubtful constructs in the text of a selection.
 *
 * Example: `size_t count; tc_select_lint_count(select, &count);`
 */
tc_status tc_select_lint_count(const tc_select *select, size_t *count);

/**
 * Returns one of the lints. Its texts are valid as long as the selection.
 *
 * Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
 * Example: `tc_diagnostic lint; tc_select_lint(select, 0, &lint);`
 */
tc_status tc_select_lint(const tc_select *select, size_t index, tc_diagnostic *lint);

/**
 * Appends the lints with their locations to a buffer, as readable text; nothing if there are none.
 *
 * Threads: several concurrently, with a buffer each.
 * Example: `tc_select_write_lints(select, text);`
 */
tc_status tc_select_write_lints(const tc_select *select, tc_buffer *buffer);

/**
 * Appends to a buffer how a selection decides on one table: the tests in order, the columns that each reads, and the lints.
 *
 * Threads: several concurrently, with a buffer each.
 * Example: `tc_select_explain(select, info.table, text);`
 */
tc_status tc_select_explain(const tc_select *select,
                            const tc_table *table,
                            tc_buffer *buffer);

/**
 * Checks whether a selection fits a table: the table has all columns that it names, with comparable types.
 *
 * Errors: `TC_ERR_FILTER` if it does not fit, with all diagnostics in the error.
 * Example: `if (tc_select_check(select, info.table, &error) != TC_OK) puts(tc_error_message(error));`
 */
tc_status tc_select_check(const tc_select *select, const tc_table *table, tc_error **error);

/**
 * Decides by the name of an object, its operation and tag, without a record. If the decision is to accept, FILTER and WHERE
 * can still reject changes.
 *
 * Threads: several may call it concurrently, with a buffer each. `tag` may be NULL for none; `words`, to which the decision is
 * appended as text, may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` for an unknown `op` or if `size` of `verdict` is not set.
 * Example: `tc_select_decide_object(select, "HR.EMP", TC_OP_DELETE, NULL, &verdict, NULL);`
 */
tc_status tc_select_decide_object(const tc_select *select,
                                  const char *object,
                                  tc_op op,
                                  const char *tag,
                                  tc_verdict *verdict,
                                  tc_buffer *words);

/**
 * Creates a selector of a selection.
 *
 * Example: `tc_selector *selector; tc_selector_new(select, &selector);`
 */
tc_status tc_selector_new(const tc_select *select, tc_selector **selector);

/**
 * Frees a selector. NULL is fine.
 *
 * Example: `tc_selector_free(selector);`
 */
void tc_selector_free(tc_selector *selector);

/**
 * Decides on a change. Pass all changes of a stream in order: only the first record of a transaction has its tag.
 *
 * `words`, to which the decision is appended as text, may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` if `size` of `verdict` is not
 * set.
 * Example: `tc_verdict verdict; verdict.size = sizeof verdict; tc_selector_decide(selector, change, &verdict, NULL);`
 */
tc_status tc_selector_decide(tc_selector *selector,
                             const tc_change *change,
                             tc_verdict *verdict,
                             tc_buffer *words);

/**
 * Returns the decisions of all rules that do not reject a change, in rule order. This is for many rules on one stream, of
 * which few match a change. `*count` is the number of hits, and at most `room` of them are written to `hits`. Only rules
 * decide: limits and tags of the selection are ignored, and `tc_selector_counts` does not change. DDL changes match no rule.
 *
 * `hits` may be NULL where `room` is 0.
 * Example: `tc_hit hits[8]; size_t count; tc_selector_hits(selector, change, hits, 8, &count);`
 */
tc_status tc_selector_hits(tc_selector *selector,
                           const tc_change *change,
                           tc_hit *hits,
                           size_t room,
                           size_t *count);

/**
 * Returns the counts of the decisions so far.
 *
 * Example: `tc_counts counts; tc_selector_counts(selector, &counts);`
 */
tc_status tc_selector_counts(tc_selector *selector, tc_counts *counts);

/**
 * Appends to a buffer the columns and tokens that a rule outputs for a change, by its COLS, COLSEXCEPT, COLMAP and TOKENS, as
 * one line of JSON: `{"columns":{...},"tokens":{...}}`. Values are as in the native JSON form.
 *
 * Errors: `TC_ERR_FILTER` if there is no such rule or an expression fails, `TC_ERR_UNDECIDABLE` if it needs information that
 * the trail lacks.
 * Example: `tc_selector_project(selector, change, verdict.rule, line, &error);`
 */
tc_status tc_selector_project(tc_selector *selector,
                              const tc_change *change,
                              size_t rule,
                              tc_buffer *buffer,
                              tc_error **error);

/**
 * Returns the name of a status, such as `TC_ERR_CORRUPT`: static text that ends with a NUL. Returns `unknown` for an unknown
 * number.
 *
 * No errors.
 * Example: `fprintf(stderr, "%s\n", tc_status_name(status));`
 */
const char *tc_status_name(int32_t status);

/**
 * Creates the definition of a table from its columns, in order.
 *
 * Name and columns are copied. Errors: `TC_ERR_BAD_ARGUMENT` if a kind is unknown.
 * Example: `tc_column_spec id = {"ID", TC_KIND_INTEGER, 0, 0, 0, 0, false, true, NULL}; tc_table_new("A.B", &id, 1, &table, NULL);`
 */
tc_status tc_table_new(const char *name,
                       const tc_column_spec *columns,
                       size_t count,
                       tc_table **table,
                       tc_error **error);

/**
 * Copies a borrowed definition to one that the caller owns.
 *
 * Ownership: free `*copy` with `tc_table_free`.
 * Example: `tc_table *kept; tc_table_clone(info.table, &kept);`
 */
tc_status tc_table_clone(const tc_table *table, tc_table **copy);

/**
 * Frees a definition that the caller owns. NULL is fine; a borrowed definition is not freed.
 *
 * Example: `tc_table_free(kept);`
 */
void tc_table_free(tc_table *table);

/**
 * Returns the name of a table as in the source: parts joined by `.`, case kept. It is valid as long as the table.
 *
 * Example: `tc_str name; tc_table_name(info.table, &name);`
 */
tc_status tc_table_name(const tc_table *table,
                        tc_str *name);

/**
 * Returns whether the columns of the table are known. If not, its columns are named by number: `COL0`, `COL1` and so on.
 *
 * Example: `bool known; tc_table_is_defined(info.table, &known);`
 */
tc_status tc_table_is_defined(const tc_table *table,
                              bool *defined);

/**
 * Returns the number of columns.
 *
 * Example: `size_t count; tc_table_column_count(info.table, &count);`
 */
tc_status tc_table_column_count(const tc_table *table, size_t *count);

/**
 * Returns the definition of a column by its index. Its name is valid as long as the table.
 *
 * Errors: `TC_ERR_BAD_ARGUMENT` if there is no such column or if `size` of `column` is not set.
 * Example: `tc_column_def def; def.size = sizeof def; tc_table_column(info.table, 0, &def);`
 */
tc_status tc_table_column(const tc_table *table, size_t index, tc_column_def *column);

/**
 * Returns the index of a column by its name: the exact match, or the only case-insensitive match.
 *
 * Errors: `TC_ERR_BAD_ARGUMENT` if there is no such column.
 * Example: `size_t amount; tc_table_find_column(info.table, "AMOUNT", &amount);`
 */
tc_status tc_table_find_column(const tc_table *table, const char *name, size_t *index);

/**
 * Follows the trail at a path: a prefix such as dirdat/lt, whose files need not exist yet, a trail file to start with, or a directory
 * that holds one trail.
 *
 * `options` may be NULL for the default; docs/schema/tail-options.json has its form: the selection (`select`), the options of reading
 * (`read`), where to start, changes or transactions, policies of events. `checkpoint` is the file of the checkpoint; it may be NULL for
 * none. Errors: `TC_ERR_NOT_FOUND` without a folder for the trail; `TC_ERR_INVALID_ARGUMENT` for a checkpoint of another trail or
 * selection, and if another process uses it; `TC_ERR_SEQUENCE_GAP` if files that it needs are missing.
 * Example: `tc_tail_open("dirdat/lt", "{\"delivery\":\"transactions\"}", "sales.checkpoint", &tail, &error);`
 */
tc_status tc_tail_open(const char *place,
                       const char *options,
                       const char *checkpoint,
                       tc_tail **tail,
                       tc_error **error);

/**
 * As `tc_tail_open`, with a checkpoint store of the caller. `options` may be NULL. The struct is copied; its functions and `user` have to stay valid until
 * `tc_tail_free`.
 *
 * Errors: as `tc_tail_open`, and `TC_ERR_BAD_ARGUMENT` if a function of the store is NULL.
 * Example: `tc_checkpoint_store store = {sizeof store, table, load, save}; tc_tail_open_stored("dirdat/lt", NULL, &store, &tail, &error);`
 */
tc_status tc_tail_open_stored(const char *place,
                              const char *options,
                              const tc_checkpoint_store *store,
                              tc_tail **tail,
                              tc_error **error);

/**
 * Frees a tail. What is acknowledged is stored first; `tc_tail_close` reports errors of that. NULL is fine.
 *
 * Example: `tc_tail_free(tail);`
 */
void tc_tail_free(tc_tail *tail);

/**
 * Waits for the next delivery, at most for a time in milliseconds; -1 waits without end, 0 does not wait. `*delivery` is NULL if none
 * has come in this time, and once the tail is stopped.
 *
 * Ownership: free the delivery with `tc_delivery_free`. A further call after an error returns the same error. Errors: those of an event
 * whose policy is `stop`, and those of reading; `TC_ERR_BUSY` while another thread waits.
 * Example: `while (tc_tail_next(tail, -1, &delivery, &error) == TC_OK && delivery) { use(delivery); tc_delivery_free(delivery); }`
 */
tc_status tc_tail_next(const tc_tail *tail,
                       int64_t milliseconds,
                       tc_delivery **delivery,
                       tc_error **error);

/**
 * Calls a function for each delivery, in this thread, until the tail is stopped, the function returns false, or an error occurs. A
 * delivery is acknowledged once the function has returned true.
 *
 * `user` may be NULL. Errors: as `tc_tail_next` and `tc_tail_acknowledge`.
 * Example: `tc_tail_run(tail, write_to_queue, queue, &error);`
 */
tc_status tc_tail_run(const tc_tail *tail,
                      tc_deliver deliver,
                      void *user,
                      tc_error **error);

/**
 * Acknowledges the delivery with a number, see `tc_delivery_number`: the caller is responsible for it from now on. Any order is fine;
 * the checkpoint is never after the oldest delivery that is not acknowledged.
 *
 * Errors: `TC_ERR_INVALID_ARGUMENT` if no delivery of this tail has the number; the errors of the store, after which the
 * acknowledgement counts nevertheless.
 * Example: `tc_tail_acknowledge(tail, number, &error);`
 */
tc_status tc_tail_acknowledge(const tc_tail *tail,
                              uint64_t number,
                              tc_error **error);

/**
 * Stops a tail, for ever: a call that waits returns at once, and every later one. A signal handler must not call it.
 *
 * Example: `tc_tail_stop(tail);`
 */
tc_status tc_tail_stop(const tc_tail *tail);

/**
 * Ends the current or the next wait: the tail looks at the files at once.
 *
 * Example: `tc_tail_wake(tail);`
 */
tc_status tc_tail_wake(const tc_tail *tail);

/**
 * Accepts the event that the tail waits for, whose policy is `wait`: it goes on as with `continue`.
 *
 * Example: `tc_tail_resume(tail);`
 */
tc_status tc_tail_resume(const tc_tail *tail);

/**
 * Returns a file descriptor that is readable while deliveries wait, and once the tail has ended, for `poll`, `epoll` and event loops.
 * From the first call on a thread of the library reads the trail; at most `queue` deliveries wait. When the descriptor is readable, call
 * `tc_tail_next` with 0 until there is none.
 *
 * Ownership: the descriptor belongs to the tail; do not read from it and do not close it. Errors: `TC_ERR_BAD_ARGUMENT` if `queue` is 0
 * or the tail is closed; `TC_ERR_IO` without a thread or descriptor.
 * Example: `tc_tail_descriptor(tail, 16, &ready, &error); struct pollfd wait = {ready, POLLIN, 0};`
 */
tc_status tc_tail_descriptor(const tc_tail *tail,
                             size_t queue,
                             int32_t *descriptor,
                             tc_error **error);

/**
 * Appends how far delivery, acknowledgement and checkpoint are to a buffer, as JSON: `delivered`, `acknowledged` and `stored` are
 * positions.
 *
 * Example: `tc_tail_progress(tail, report, &error);`
 */
tc_status tc_tail_progress(const tc_tail *tail,
                           tc_buffer *report,
                           tc_error **error);

/**
 * Appends the distance to the end of the trail to a buffer, as JSON of the form of docs/schema/lag.json: bytes and files, ages, rates and
 * the keep-up ratio.
 *
 * Errors: `TC_ERR_IO` if the files cannot be listed.
 * Example: `tc_tail_lag(tail, report, &error);`
 */
tc_status tc_tail_lag(const tc_tail *tail,
                      tc_buffer *report,
                      tc_error **error);

/**
 * Stops a tail, stores what is acknowledged, and closes its files. Deliveries that wait are dropped. It still has to be freed.
 *
 * Errors: the errors of the store; `TC_ERR_BUSY` while a thread waits: the tail is stopped nevertheless, so call it again.
 * Example: `tc_tail_close(tail, &error); tc_tail_free(tail);`
 */
tc_status tc_tail_close(const tc_tail *tail,
                        tc_error **error);

/**
 * Parses a position, `SEQNO:RBA`.
 *
 * Errors: `TC_ERR_INVALID_ARGUMENT` if the text is invalid.
 * Example: `tc_position from; tc_position_parse("12:1956", &from, NULL);`
 */
tc_status tc_position_parse(const char *source, tc_position *position, tc_error **error);

/**
 * Appends a position as text, `SEQNO:RBA`, such as for the member `start_at` of read options.
 *
 * Threads: one at a time for a buffer. Errors: `TC_ERR_BAD_ARGUMENT` for an unknown kind of position.
 * Example: `tc_position_write(info.start, text);`
 */
tc_status tc_position_write(tc_position position, tc_buffer *buffer);

/**
 * Parses a time in UTC, `YYYY-MM-DD[THH:MM:SS[.ffffff]][Z]`, to microseconds since 1970.
 *
 * Errors: `TC_ERR_INVALID_ARGUMENT` if the text is invalid.
 * Example: `int64_t since; tc_time_parse("2024-03-01T12:00:00Z", &since, NULL);`
 */
tc_status tc_time_parse(const char *source, int64_t *micros, tc_error **error);

/**
 * Appends a time in UTC, in microseconds since 1970, as `YYYY-MM-DDTHH:MM:SS.ffffffZ`.
 *
 * Threads: one at a time for a buffer.
 * Example: `tc_time_write(info.timestamp, line);`
 */
tc_status tc_time_write(int64_t micros, tc_buffer *buffer);

/**
 * Compares two commit sequence numbers: `*order` is negative if `left` is before `right`, 0 if they are equal, and positive if
 * it is after.
 *
 * Errors: `TC_ERR_VALUE` if the two have different forms, so that their order is not known.
 * Example: `int32_t order; tc_csn_compare("999", "7824137832", &order, NULL);`
 */
tc_status tc_csn_compare(const char *left,
                         const char *right,
                         int32_t *order,
                         tc_error **error);

/**
 * Opens the trail at a path: a file, a prefix such as `dirdat/lt`, or a directory that holds one trail.
 *
 * Errors: `TC_ERR_NOT_FOUND` if there is none, `TC_ERR_INVALID_ARGUMENT` if a directory has several, `TC_ERR_IO`.
 * Example: `tc_trail *trail; tc_error *error; if (tc_trail_open("dirdat/lt", &trail, &error) != TC_OK) fail(error);`
 */
tc_status tc_trail_open(const char *place,
                        tc_trail **trail,
                        tc_error **error);

/**
 * Opens a trail of exactly these files, in the order of the sequence numbers in their names, or as listed if a name has none.
 *
 * Errors: `TC_ERR_NOT_FOUND` if one does not exist, `TC_ERR_INVALID_ARGUMENT` if the list is empty or a sequence number occurs
 * twice.
 * Example: `const char *files[] = {"lt000000007", "lt000000008"}; tc_trail_open_files(files, 2, &trail, &error);`
 */
tc_status tc_trail_open_files(const char *const *files,
                              size_t count,
                              tc_trail **trail,
                              tc_error **error);

/**
 * Opens a trail whose files are in memory, in order. They are not copied. They must stay unchanged until `release` is called
 * or, without it, until the trail, its readers and their blocks are freed. If the call fails, `release` is called before it
 * returns.
 *
 * `release` and `user` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` if the list is empty.
 * Example: `tc_memory_file file = {"lt000000000", bytes, length}; tc_trail_open_memory(&file, 1, free, bytes, &trail, &error);`
 */
tc_status tc_trail_open_memory(const tc_memory_file *files,
                               size_t count,
                               tc_release release,
                               void *user,
                               tc_trail **trail,
                               tc_error **error);

/**
 * Opens a trail whose files the caller reads, in order. The structs are copied. If the call fails, no `release` is called.
 *
 * Errors: `TC_ERR_BAD_ARGUMENT` if the list is empty, or a source has no `size`, `length` or `read`.
 * Example: `const tc_source *sources[] = {&source}; tc_trail_open_sources(sources, 1, &trail, &error);`
 */
tc_status tc_trail_open_sources(const tc_source *const *sources,
                                size_t count,
                                tc_trail **trail,
                                tc_error **error);

/**
 * Returns the same trail, whose readers use these objects: definitions of tables that the trail does not define itself, the
 * selection of changes, and a function that is called during reading, with its argument. They replace the members `definitions`
 * and `select` of read options.
 *
 * `catalog`, `select`, `watch` and `user` may be NULL. Ownership: free it with `tc_trail_free`; it depends on neither of the
 * objects except `user`, which must stay valid as long as the new trail and its readers.
 * Example: `tc_trail *selected; tc_trail_with(trail, NULL, select, NULL, NULL, &selected);`
 */
tc_status tc_trail_with(const tc_trail *trail,
                        const tc_catalog *catalog,
                        const tc_select *select,
                        tc_watch watch,
                        void *user,
                        tc_trail **with);

/**
 * Frees a trail. NULL is fine. Its readers stay valid.
 *
 * Example: `tc_trail_free(trail);`
 */
void tc_trail_free(tc_trail *trail);

/**
 * Returns the current size of the files of the trail in bytes.
 *
 * Errors: `TC_ERR_IO`.
 * Example: `uint64_t size; tc_trail_size(trail, &size, &error);`
 */
tc_status tc_trail_size(const tc_trail *trail, uint64_t *size, tc_error **error);

/**
 * Returns the number of files of the trail.
 *
 * Example: `size_t count; tc_trail_file_count(trail, &count);`
 */
tc_status tc_trail_file_count(const tc_trail *trail, size_t *count);

/**
 * Returns one of the files of the trail, in reading order. Its path is valid as long as the trail.
 *
 * Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
 * Example: `tc_file first; tc_trail_file(trail, 0, &first);`
 */
tc_status tc_trail_file(const tc_trail *trail, size_t index, tc_file *file);

/**
 * Returns the header of one of the files of the trail; `*header` is NULL for a file without a known header. Reads the first
 * record of each file.
 *
 * Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range, `TC_ERR_IO`, `TC_ERR_NOT_FOUND`.
 * Example: `tc_file_header *header; tc_trail_file_header(trail, 0, &header, &error);`
 */
tc_status tc_trail_file_header(const tc_trail *trail,
                               size_t index,
                               tc_file_header **header,
                               tc_error **error);

/**
 * Finds the first change whose transaction has this CSN or a later one. `*found` is false if there is none.
 *
 * `options` may be NULL; only its members that control reading are used. Errors: those of reading.
 * Example: `tc_position from; bool found; tc_trail_find_csn(trail, "7824137847", NULL, &from, &found, &error);`
 */
tc_status tc_trail_find_csn(const tc_trail *trail,
                            const char *csn,
                            const char *options,
                            tc_position *position,
                            bool *found,
                            tc_error **error);

/**
 * Finds the first change at or after this time, in microseconds since 1970, UTC. `*found` is false if there is none.
 *
 * `options` may be NULL; only its members that control reading are used. Errors: those of reading.
 * Example: `tc_trail_find_time(trail, since, NULL, &from, &found, &error);`
 */
tc_status tc_trail_find_time(const tc_trail *trail,
                             int64_t micros,
                             const char *options,
                             tc_position *position,
                             bool *found,
                             tc_error **error);

/**
 * Returns the version of the library in use, as one number like `TC_VERSION_NUMBER`.
 *
 * No errors.
 * Example: `if (tc_version_number() < TC_VERSION_NUMBER) fprintf(stderr, "the library is older than the program\n");`
 */
uint32_t tc_version_number(void);

/**
 * Returns the version of the library in use, as static text that ends with a NUL.
 *
 * No errors.
 * Example: `printf("trailcore %s\n", tc_version());`
 */
const char *tc_version(void);

/**
 * Creates a writer of files named by a prefix, such as `dirdat/lt`, and their sequence number. Files of the same name are
 * replaced, the first one when something is written.
 *
 * `options` may be NULL for the default. It is a JSON document of the form that `docs/schema/writer-options.json` describes.
 * Errors: `TC_ERR_INVALID_ARGUMENT` if it has another form.
 * Example: `tc_writer *writer; tc_writer_create("out/lt", NULL, &writer, &error);`
 */
tc_status tc_writer_create(const char *prefix,
                           const char *options,
                           tc_writer **writer,
                           tc_error **error);

/**
 * Creates a writer of files in memory, which `tc_writer_file` returns once it is finished.
 *
 * `options` may be NULL for the default. Errors: as `tc_writer_create`.
 * Example: `tc_writer *writer; tc_writer_new_in_memory("lt", NULL, &writer, &error);`
 */
tc_status tc_writer_new_in_memory(const char *prefix,
                                  const char *options,
                                  tc_writer **writer,
                                  tc_error **error);

/**
 * Frees a writer. NULL is fine. A trail that was not finished stays incomplete.
 *
 * Example: `tc_writer_free(writer);`
 */
void tc_writer_free(tc_writer *writer);

/**
 * Creates an empty row of a table, for a writer like this one. Set its columns with `tc_row_text` and the other functions,
 * write it, clear it, and use it again.
 *
 * It depends on neither writer nor table. Errors: `TC_ERR_BAD_ARGUMENT` if the writer is finished.
 * Example: `tc_row *row; tc_writer_row(writer, table, &row);`
 */
tc_status tc_writer_row(tc_writer *writer,
                        const tc_table *table,
                        tc_row **row);

/**
 * Begins a transaction with its commit sequence number, its id, and its timestamp in microseconds since 1970, UTC.
 *
 * Errors: `TC_ERR_INVALID_ARGUMENT` if one is open, `TC_ERR_BAD_ARGUMENT` if the writer is finished.
 * Example: `tc_writer_begin(writer, "7824140001", "4.17.220311", 1709284502000000, &error);`
 */
tc_status tc_writer_begin(tc_writer *writer,
                          const char *csn,
                          const char *xid,
                          int64_t micros,
                          tc_error **error);

/**
 * Commits the transaction. A transaction without changes writes nothing.
 *
 * Errors: `TC_ERR_INVALID_ARGUMENT` if none is open, `TC_ERR_IO`, `TC_ERR_UNENCODABLE`.
 * Example: `tc_writer_commit(writer, &error);`
 */
tc_status tc_writer_commit(tc_writer *writer, tc_error **error);

/**
 * Rolls back the transaction with a RestartAbend marker.
 *
 * Errors: as `tc_writer_commit`.
 * Example: `tc_writer_abend(writer, &error);`
 */
tc_status tc_writer_abend(tc_writer *writer, tc_error **error);

/**
 * Adds one of GoldenGate's own tokens to the next change, in addition to CSN and transaction id.
 *
 * `body` may be NULL where `length` is 0. Errors: `TC_ERR_BAD_ARGUMENT` if the writer is finished.
 * Example: `tc_writer_token(writer, 'R', 0, rowid, 20, &error);`
 */
tc_status tc_writer_token(tc_writer *writer,
                          uint8_t id,
                          uint8_t info,
                          const uint8_t *body,
                          size_t length,
                          tc_error **error);

/**
 * Sets the raw user token area of the next change.
 *
 * `area` may be NULL where `length` is 0. Errors: `TC_ERR_BAD_ARGUMENT` if the writer is finished.
 * Example: `tc_writer_user_tokens(writer, area, length, &error);`
 */
tc_status tc_writer_user_tokens(tc_writer *writer, const uint8_t *area, size_t length, tc_error **error);

/**
 * Writes a change that was read, within its transaction and with its CSN, id, timestamp, tokens, images and fragments. This
 * copies a trail that was filtered. Transactions begin and commit with the changes. After the last change, call
 * `tc_writer_commit` if `tc_writer_is_in_transaction` returns true.
 *
 * Errors: `TC_ERR_INVALID_ARGUMENT` for a record that is not a change, `TC_ERR_UNENCODABLE` if an image cannot be converted to
 * the byte order of the writer, and as `tc_writer_row_change`.
 * Example: `tc_writer_write(writer, change, &error);`
 */
tc_status tc_writer_write(tc_writer *writer,
                          const tc_change *change,
                          tc_error **error);

/**
 * Returns whether a transaction is open.
 *
 * Errors: `TC_ERR_BAD_ARGUMENT` if the writer is finished.
 * Example: `bool open; if (tc_writer_is_in_transaction(writer, &open) == TC_OK && open) tc_writer_commit(writer, &error);`
 */
tc_status tc_writer_is_in_transaction(tc_writer *writer,
                                      bool *open);

/**
 * Writes a change of a row: `before` for a delete, `after` for an insert, both for an update and a primary key update, neither
 * for a truncate; a row that is not used may be NULL. `style` is how an update is written; a primary key update has both whole
 * images with `TC_UPDATE_UNIFIED`, else `before` has the columns of the old key. Rows can be changed or freed after the call.
 *
 * `before` and `after` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` without a transaction, `TC_ERR_BAD_ARGUMENT` for another
 * operation, an unknown `style`, or if a row is missing or not a row of the table; `TC_ERR_IO`, `TC_ERR_UNENCODABLE`.
 * Example: `tc_writer_row_change(writer, TC_OP_INSERT, TC_UPDATE_UNIFIED, table, NULL, row, &error);`
 */
tc_status tc_writer_row_change(tc_writer *writer,
                               tc_op op,
                               tc_update_style style,
                               const tc_table *table,
                               tc_row *before,
                               tc_row *after,
                               tc_error **error);

/**
 * Writes a DDL change, with the text that GoldenGate makes of it.
 *
 * Errors: as `tc_writer_row_change`.
 * Example: `tc_writer_ddl(writer, "BANK", "RATES", ",C1='CREATE TABLE ...',", &error);`
 */
tc_status tc_writer_ddl(tc_writer *writer,
                        const char *owner,
                        const char *object,
                        const char *statement,
                        tc_error **error);

/**
 * Writes a large-object fragment of the last row. The layout of fragments is not known; the caller provides the bytes.
 *
 * `data` may be NULL where `length` is 0. Errors: as `tc_writer_row_change`; there must be a row.
 * Example: `tc_writer_lob_fragment(writer, bytes, length, &error);`
 */
tc_status tc_writer_lob_fragment(tc_writer *writer,
                                 const uint8_t *data,
                                 size_t length,
                                 tc_error **error);

/**
 * Writes a marker: a record of any type without a table, such as 150 RestartAbend, 151 RestartOK, 152 RecoveryEnd.
 *
 * Errors: `TC_ERR_IO`, `TC_ERR_UNENCODABLE`, `TC_ERR_BAD_ARGUMENT` if the writer is finished.
 * Example: `tc_writer_marker(writer, 151, now, &error);`
 */
tc_status tc_writer_marker(tc_writer *writer,
                           uint8_t record_type,
                           int64_t micros,
                           tc_error **error);

/**
 * Finishes the trail. Nothing more can be written then; `tc_writer_file` returns the files.
 *
 * With `unfinished`, an open transaction is written without its end, for tests of torn trails. Errors:
 * `TC_ERR_INVALID_ARGUMENT` if a transaction is open; the writer is finished then too; `TC_ERR_BAD_ARGUMENT` if it is finished
 * already; `TC_ERR_IO`.
 * Example: `tc_writer_finish(writer, false, &error);`
 */
tc_status tc_writer_finish(tc_writer *writer,
                           bool unfinished,
                           tc_error **error);

/**
 * Returns the number of files that a finished writer has written; 0 before.
 *
 * Example: `size_t count; tc_writer_file_count(writer, &count);`
 */
tc_status tc_writer_file_count(const tc_writer *writer, size_t *count);

/**
 * Returns one of the files that a finished writer has written: its path, or its name and bytes if it is in memory. Both are
 * valid as long as the writer.
 *
 * `bytes` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
 * Example: `tc_str name; tc_bytes bytes; tc_writer_file(writer, 0, &name, &bytes);`
 */
tc_status tc_writer_file(const tc_writer *writer,
                         size_t index,
                         tc_str *name,
                         tc_bytes *bytes);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TRAILCORE_H */
