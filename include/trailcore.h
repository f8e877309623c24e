/*
 * trailcore: reads, filters, follows and writes Oracle GoldenGate trail files.
 *
 *     tc_trail *trail = NULL;
 *     tc_reader *reader = NULL;
 *     tc_batch *batch = NULL;
 *     tc_error *error = NULL;
 *     tc_buffer *line = NULL;
 *
 *     if (tc_buffer_new(&line) == TC_OK && tc_trail_open("dirdat/lt", &trail, &error) == TC_OK &&
 *         tc_reader_open(trail, NULL, &reader, &error) == TC_OK) {
 *         while (!error && tc_reader_next_batch(reader, 1000, &batch, &error) == TC_OK && batch) {
 *             tc_str text;
 *             tc_buffer_clear(line);
 *             tc_batch_write_json(batch, line, &error);
 *             tc_batch_free(batch);
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
 * Objects. tc_trail finds the files; tc_reader reads their changes into a tc_batch of tc_change, whose columns are tc_column;
 * tc_record_reader reads their records as they stand. tc_table says what a table looks like, tc_catalog holds tables from
 * definition files, tc_file_header says where a file comes from; tc_report says whether a trail is whole, tc_summary what it
 * holds. tc_select says which changes are wanted: by text, or put together of tc_expr, tc_condition and tc_rule by a
 * tc_select_builder; tc_selector applies it to changes that one has. tc_arrow_batches are record batches. tc_writer writes
 * trails, of tc_row. tc_buffer is memory for text, tc_error what went wrong.
 *
 *
 * ERRORS
 *
 * Functions return a tc_status: TC_OK, or what went wrong. Those that read, parse or write give a tc_error too, which says
 * what, where (file, RBA, record), and what can be done about it, and never holds column data. Results go through pointers,
 * which come before the error; where a call fails they hold nothing: NULL, zero, no text. The exceptions are the functions
 * that free, which return nothing, and those that cannot fail.
 *
 * "Those of handles" are TC_ERR_WRONG_HANDLE, TC_ERR_FREED_HANDLE, TC_ERR_BUSY and TC_ERR_POISONED. A null pointer, a pointer
 * to another object, an index that is none, or a number that is none of an enum's is a status and no crash. A pointer that
 * leads to no object of this library is not found out, nor, in release builds, is one to an object that has been freed.
 *
 * A fault of the library itself (a panic) is caught: the call gives TC_ERR_PANIC, and the objects that it could change are
 * poisoned, so that they can only be freed. The process goes on.
 *
 *
 * LIFETIMES
 *
 * What a function gives through `tc_x **` belongs to the caller, who frees it with tc_x_free. What it gives through
 * `const tc_x **`, as tc_str or as tc_bytes is lent: it lives as long as what each function says, and is never freed by the
 * caller. Objects do not need each other, but where a function says so: a reader lives on without its trail, a batch without
 * its reader. All that a batch lends (changes, columns, texts) stays as it is until tc_batch_free. What is given to a function
 * is not needed behind the call, but where it says so. Freeing NULL is fine.
 *
 * Structs that start with a `size` can grow: set it to sizeof the struct, and all else to zero, before use. Other structs and
 * all enums keep their layout and numbers within a major version; enums may get more numbers, so have a default.
 *
 *
 * THREADS
 *
 * A function that takes an object as const may be called by several threads at once with the same object. One that takes it
 * without const needs it alone: no other call with that object meanwhile. Such an object may go from thread to thread. Two
 * calls that break this are found out as TC_ERR_BUSY where they can be, and do what they will where not. Freeing an object
 * while another call uses it is a mistake. The library starts no threads. Its one global is the log, tc_log_set.
 *
 * Callbacks (tc_watch, tc_source, tc_log_callback, tc_release) are called by the threads that call the library. They must
 * neither throw C++ exceptions nor longjmp out. They may call the library, but not with an object that the call they come
 * from uses without const: that gives TC_ERR_BUSY.
 *
 * The library does not touch the process's allocator, signals, locale or environment.
 *
 *
 * VERSIONS
 *
 * The shared library is libtrailcore.so.0: the number changes when a program that was linked against an earlier library could
 * not run with a later one, and not otherwise. Within it, functions and enum numbers are only added. A program may look
 * at tc_version_number(), and compare it with TC_VERSION_NUMBER, the version of the header that it was compiled with. A struct
 * that starts with its size may be of an earlier or a later header than the library: members that the other does not know are
 * zero, and a member that is set and that the library does not know is TC_ERR_BAD_ARGUMENT.
 *
 * "GoldenGate" is a mark of Oracle. trailcore is independent of Oracle.
 */


#ifndef TRAILCORE_H
#define TRAILCORE_H

/* Written by ffi/header from the comments in ffi/src: change those, then run `make header`. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The version of this header as text. */
#define TC_VERSION "0.1.0"

/* The Arrow C data and stream interface, as its specification gives it for copying. */
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
 * The `digits` of a `tc_datetime` that is a date alone.
 */
#define TC_DATE_ALONE 255

/**
 * The `micros` of a `tc_datetime` that has no place on the time line: a zero date, which MySQL knows.
 */
#define TC_NO_MICROS INT64_MIN

/**
 * Major version of this header. Within one, nothing that a program uses is changed or taken away.
 */
#define TC_VERSION_MAJOR 0

/**
 * Minor version of this header. A library of a later one has all that a program of an earlier one uses.
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
 * What a call comes to: 0 where all went well. Numbers never change their meaning and are never used again.
 *
 * 1 to 999 are the kinds of errors that all of trailcore has, with the same numbers in every language; those without a name
 * here are reserved for kinds to come. 1000 and above are of the C library alone.
 */
enum tc_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * All went well.
     */
    TC_OK = 0,
    /**
     * The operating system refused a file operation.
     */
    TC_ERR_IO = 1,
    /**
     * No trail lies at the given path.
     */
    TC_ERR_NOT_FOUND = 2,
    /**
     * The bytes are not those of a trail file.
     */
    TC_ERR_NOT_A_TRAIL = 3,
    /**
     * The input ends inside a record: a torn tail, or a file that is still being written. More bytes may make it good.
     */
    TC_ERR_TRUNCATED = 4,
    /**
     * The bytes contradict each other: the file is damaged here.
     */
    TC_ERR_CORRUPT = 5,
    /**
     * Well-formed as far as can be seen, but of a form that is not known. The raw bytes stay readable.
     */
    TC_ERR_UNSUPPORTED = 6,
    /**
     * A row refers to a table definition that the trail has not given.
     */
    TC_ERR_UNDEFINED_TABLE = 7,
    /**
     * Files are missing between two sequence numbers.
     */
    TC_ERR_SEQUENCE_GAP = 8,
    /**
     * A position that is not the start of a record, or lies outside the trail.
     */
    TC_ERR_INVALID_POSITION = 9,
    /**
     * A definitions (DEFGEN) file that cannot be understood.
     */
    TC_ERR_DEFINITIONS = 10,
    /**
     * A column does not hold what was asked of it: another type, NULL, missing, or not decodable.
     */
    TC_ERR_VALUE = 11,
    /**
     * An argument that no input could make right, says the core.
     */
    TC_ERR_INVALID_ARGUMENT = 12,
    /**
     * Text that is not the native JSON form.
     */
    TC_ERR_JSON = 13,
    /**
     * Something that the trail format has no room for.
     */
    TC_ERR_UNENCODABLE = 14,
    /**
     * A filter whose text is not understood, or that does not fit a table.
     */
    TC_ERR_FILTER = 15,
    /**
     * A change that a filter in strict mode could not decide on. A further call goes on behind it.
     */
    TC_ERR_UNDECIDABLE = 16,
    /**
     * The caller stopped the work. A further call goes on where it stopped.
     */
    TC_ERR_CANCELLED = 17,
    /**
     * A table's definition changes where one that stays was asked for.
     */
    TC_ERR_SCHEMA_CHANGE = 18,
    /**
     * A table of that name does not occur.
     */
    TC_ERR_UNKNOWN_TABLE = 19,
    /**
     * A kind of error that this version of the C library has no name for.
     */
    TC_ERR_OTHER = 1000,
    /**
     * A pointer that must not be NULL is.
     */
    TC_ERR_NULL_POINTER = 1001,
    /**
     * A pointer to an object of another kind, or to none.
     */
    TC_ERR_WRONG_HANDLE = 1002,
    /**
     * An object that has been freed. Sure to be found in debug builds of the library alone.
     */
    TC_ERR_FREED_HANDLE = 1003,
    /**
     * Another call uses the object: a callback has come back to the object that calls it, or two threads share one that
     * is not const.
     */
    TC_ERR_BUSY = 1004,
    /**
     * A fault of the library itself. It was caught; the objects that the call could change are poisoned.
     */
    TC_ERR_PANIC = 1005,
    /**
     * An object that an earlier fault has left in an unknown state. It can only be freed.
     */
    TC_ERR_POISONED = 1006,
    /**
     * An argument out of range: an index, a number that is none of an enum's, text that is not UTF-8, a struct without its
     * size.
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
 * What a change does.
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
     * A row is gone.
     */
    TC_OP_DELETE = 3,
    /**
     * All rows are gone.
     */
    TC_OP_TRUNCATE = 4,
    /**
     * A statement that changes definitions.
     */
    TC_OP_DDL = 5,
    /**
     * Not a change: a database or table definition. Handed out on request alone.
     */
    TC_OP_METADATA = 6,
    /**
     * Not a change: a marker, or a record that is not understood. Handed out on request alone.
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
 * Where a change stands in its transaction; of the two records of an update, both together.
 */
enum tc_transaction
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
     * The trail has a value without a known meaning.
     */
    TC_TRANSACTION_UNKNOWN = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_transaction tc_transaction;
#else
typedef uint32_t tc_transaction;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a finding in the text of a filter is about. Numbers without a name here are reserved for findings to come.
 */
enum tc_finding
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * One that this version of the C library has no name for.
     */
    TC_FINDING_OTHER = 0,
    /**
     * The text does not follow the grammar.
     */
    TC_FINDING_SYNTAX = 1,
    /**
     * Typographic quotes, which GoldenGate does not take.
     */
    TC_FINDING_CURLY_QUOTES = 2,
    /**
     * `IN`, `LIKE`, `BETWEEN`, `NOT` or `IS`, which the language does not have.
     */
    TC_FINDING_FOREIGN_OPERATOR = 3,
    /**
     * Text compared in FILTER, which compares numbers.
     */
    TC_FINDING_TEXT_IN_FILTER = 4,
    /**
     * AND and OR side by side without parentheses.
     */
    TC_FINDING_MIXED_AND_OR = 5,
    /**
     * A column that may be NULL is compared without a test before it.
     */
    TC_FINDING_UNGUARDED_COLUMN = 6,
    /**
     * A function with too few or too many arguments.
     */
    TC_FINDING_ARITY = 7,
    /**
     * A literal in the quotes of a column name, or the other way round.
     */
    TC_FINDING_QUOTE_MIX_UP = 8,
    /**
     * A name that nothing has: a function, a column, an option.
     */
    TC_FINDING_UNKNOWN_NAME = 9,
    /**
     * An argument that the function cannot take.
     */
    TC_FINDING_ARGUMENT = 10,
    /**
     * Something that only a running GoldenGate process or a database could answer.
     */
    TC_FINDING_NOT_AVAILABLE = 11,
    /**
     * Something that has no meaning for a reader of trails and is passed over.
     */
    TC_FINDING_NOT_APPLICABLE = 12,
    /**
     * Types that cannot be compared.
     */
    TC_FINDING_TYPE = 13,
    /**
     * Text that is longer or deeper than is taken.
     */
    TC_FINDING_TOO_LARGE = 14,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_finding tc_finding;
#else
typedef uint32_t tc_finding;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a header says of one of its fields. Not set is not zero.
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
     * The field is there and marked as not set.
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
 * How much a message of the log matters.
 */
enum tc_log_level
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Something that the library itself has got wrong, such as a panic that was caught.
     */
    TC_LOG_ERROR = 1,
    /**
     * A mistake of the caller that no status could tell of, such as freeing an object in use.
     */
    TC_LOG_WARNING = 2,
    /**
     * Something to know, such as damage that was passed over.
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
 * What a selection says of a change.
 */
enum tc_decision
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Wanted.
     */
    TC_DECISION_ACCEPT = 0,
    /**
     * Not wanted.
     */
    TC_DECISION_REJECT = 1,
    /**
     * It cannot be told.
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
 * Why a change is not wanted, or cannot be decided on. Numbers without a name here are reserved for reasons to come.
 */
enum tc_reason
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * There is none to give.
     */
    TC_REASON_NONE = 0,
    /**
     * Not wanted: no rule names the object.
     */
    TC_REASON_OBJECT = 1,
    /**
     * Not wanted: the object is excluded.
     */
    TC_REASON_EXCLUDED = 2,
    /**
     * Not wanted: the operation.
     */
    TC_REASON_OPERATION = 3,
    /**
     * Not wanted: outside the limits of CSN, time or position.
     */
    TC_REASON_LIMITS = 4,
    /**
     * Not wanted: the tag.
     */
    TC_REASON_TAG = 5,
    /**
     * Not wanted: a FILTER or WHERE.
     */
    TC_REASON_CLAUSE = 6,
    /**
     * Undecidable: a column is NULL.
     */
    TC_REASON_NULL = 7,
    /**
     * Undecidable: a column is not in the record.
     */
    TC_REASON_MISSING = 8,
    /**
     * Undecidable: a column is present and not decodable.
     */
    TC_REASON_INVALID = 9,
    /**
     * Undecidable: the row is encrypted, damaged, or of a form that is not known.
     */
    TC_REASON_UNREADABLE = 10,
    /**
     * Undecidable: something that the trail does not tell.
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
 * How a column's bytes are read. Numbers without a name here are reserved for kinds to come.
 */
enum tc_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * A type whose bytes are not understood: they are handed over as they are.
     */
    TC_KIND_OPAQUE = 0,
    /**
     * Characters.
     */
    TC_KIND_TEXT = 1,
    /**
     * A number as text, with as many fraction digits as it has.
     */
    TC_KIND_NUMBER_TEXT = 2,
    /**
     * An integer, times 10 to the power of minus the column's scale.
     */
    TC_KIND_INTEGER = 3,
    /**
     * A date, or date and time, without a zone.
     */
    TC_KIND_DATETIME = 4,
    /**
     * Bytes that are no text.
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
     * It is present and not decodable: its bytes are all there is.
     */
    TC_STATE_INVALID = 3,
    /**
     * A large object that the change left as it was. No form of it is known in trails.
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
 * The type of a column's value. Numbers without a name here are reserved for types to come.
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
     * An exact number that the trail has as text: its digits, with sign, point and exponent, in `bytes`. It may have more
     * digits than a `tc_decimal` holds.
     */
    TC_TYPE_NUMBER_TEXT = 3,
    /**
     * A date, or date and time, in `datetime`.
     */
    TC_TYPE_DATETIME = 4,
    /**
     * Bytes: of a binary column, or of a type that is not understood.
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
 * Fields of a header. `tc_file_header_text` gives those that are texts, `tc_file_header_number` those that are numbers: times
 * are microseconds since 1970, UTC, and character sets the numbers that trails have for them.
 */
enum tc_field
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Number: compatibility level; 5 for release 12.2, 6 for 12.3, 7 for 19.1.
     */
    TC_FIELD_COMPATIBILITY = 0,
    /**
     * Number: when the file was made.
     */
    TC_FIELD_CREATION_TIME = 1,
    /**
     * Text: which process on which host wrote it.
     */
    TC_FIELD_URI = 2,
    /**
     * Text: the file's path as the writer knew it.
     */
    TC_FIELD_FILE_NAME = 3,
    /**
     * Number: whether it is one file of a trail.
     */
    TC_FIELD_MULTI_PART = 4,
    /**
     * Number: the file's sequence number.
     */
    TC_FIELD_SEQNO = 5,
    /**
     * Number: the file's size.
     */
    TC_FIELD_FILE_SIZE = 6,
    /**
     * Text: CSN of the first record.
     */
    TC_FIELD_FIRST_CSN = 7,
    /**
     * Text: CSN of the last record.
     */
    TC_FIELD_LAST_CSN = 8,
    /**
     * Number: time of the first record.
     */
    TC_FIELD_FIRST_TIME = 9,
    /**
     * Number: time of the last record.
     */
    TC_FIELD_LAST_TIME = 10,
    /**
     * Text: the operating system of the host that wrote it.
     */
    TC_FIELD_SYSTEM_NAME = 11,
    /**
     * Text: the name of that host.
     */
    TC_FIELD_HOST_NAME = 12,
    /**
     * Text: the release of its operating system.
     */
    TC_FIELD_SYSTEM_RELEASE = 13,
    /**
     * Text: the version of its operating system.
     */
    TC_FIELD_SYSTEM_VERSION = 14,
    /**
     * Text: its hardware.
     */
    TC_FIELD_HARDWARE = 15,
    /**
     * Number: the database vendor's number; 7 is Oracle.
     */
    TC_FIELD_DATABASE_VENDOR = 16,
    /**
     * Text: the database's name.
     */
    TC_FIELD_DATABASE_NAME = 17,
    /**
     * Text: the database's instance.
     */
    TC_FIELD_DATABASE_INSTANCE = 18,
    /**
     * Number: the database's character set.
     */
    TC_FIELD_DATABASE_CHARSET = 19,
    /**
     * Text: the database's version in its own words.
     */
    TC_FIELD_DATABASE_VERSION = 20,
    /**
     * Number: the client's character set.
     */
    TC_FIELD_CLIENT_CHARSET = 21,
    /**
     * Text: the database client's version.
     */
    TC_FIELD_CLIENT_VERSION = 22,
    /**
     * Number: the database's national character set.
     */
    TC_FIELD_NATIONAL_CHARSET = 23,
    /**
     * Text: the database's time zone.
     */
    TC_FIELD_TIME_ZONE = 24,
    /**
     * Text: the name of the Extract or pump that wrote it.
     */
    TC_FIELD_PRODUCER_GROUP = 25,
    /**
     * Number: the kind of the producer's source.
     */
    TC_FIELD_DATA_SOURCE = 26,
    /**
     * Text: the producer's version in its own words.
     */
    TC_FIELD_PRODUCER_VERSION = 27,
    /**
     * Number: the trail recovery mode.
     */
    TC_FIELD_RECOVERY_MODE = 28,
    /**
     * Number: 0 where the header has no key slot, 1 where the slot is empty, 2 where it holds something, so that rows may be
     * encrypted.
     */
    TC_FIELD_ENCRYPTION = 29,
    /**
     * Number: 0 where numbers in the file are big-endian, 1 where they are little-endian.
     */
    TC_FIELD_BYTE_ORDER = 30,
    /**
     * Text: the log's begin sequence number.
     */
    TC_FIELD_LOG_BSN = 31,
    /**
     * Number: bit flags.
     */
    TC_FIELD_BIT_FLAGS = 32,
    /**
     * Number: the database's release, major.
     */
    TC_FIELD_DATABASE_MAJOR = 33,
    /**
     * Number: the database's release, minor.
     */
    TC_FIELD_DATABASE_MINOR = 34,
    /**
     * Number: the producer's release, major.
     */
    TC_FIELD_PRODUCER_MAJOR = 35,
    /**
     * Number: the producer's release, minor.
     */
    TC_FIELD_PRODUCER_MINOR = 36,
    /**
     * Number: the producer's release, maintenance.
     */
    TC_FIELD_PRODUCER_MAINTENANCE = 37,
    /**
     * Number: the producer's release, bug fix.
     */
    TC_FIELD_PRODUCER_BUG_FIX = 38,
    /**
     * Number: the producer's release, build.
     */
    TC_FIELD_PRODUCER_BUILD = 39,
    /**
     * Number: the client's national character set.
     */
    TC_FIELD_CLIENT_NATIONAL_CHARSET = 40,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_field tc_field;
#else
typedef uint32_t tc_field;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The two ends of what is wanted: from `from` on, up to and without `until`.
 */
enum tc_limit
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * This one and later.
     */
    TC_LIMIT_FROM = 0,
    /**
     * Before this one.
     */
    TC_LIMIT_UNTIL = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_limit tc_limit;
#else
typedef uint32_t tc_limit;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What is excluded.
 */
enum tc_exclude
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Tables: `OWNER.OBJECT`, with wildcards.
     */
    TC_EXCLUDE_TABLES = 0,
    /**
     * Schemas: `SCHEMA` or `CONTAINER.SCHEMA`, with wildcards.
     */
    TC_EXCLUDE_SCHEMAS = 1,
    /**
     * Catalogs (containers) of objects whose names have three parts, with wildcards.
     */
    TC_EXCLUDE_CATALOGS = 2,
    /**
     * Changes with this tag, in hexadecimal; `+` for any tag.
     */
    TC_EXCLUDE_TAG = 3,
    /**
     * Changes without this tag, in hexadecimal.
     */
    TC_EXCLUDE_OTHER_TAGS = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_exclude tc_exclude;
#else
typedef uint32_t tc_exclude;
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
     * One record with both images.
     */
    TC_UPDATE_UNIFIED = 0,
    /**
     * A before and an after record.
     */
    TC_UPDATE_PAIR = 1,
    /**
     * The after record alone.
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
 * What joins two expressions or conditions.
 */
enum tc_join
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Equal.
     */
    TC_JOIN_EQ = 0,
    /**
     * Not equal.
     */
    TC_JOIN_NE = 1,
    /**
     * Greater.
     */
    TC_JOIN_GT = 2,
    /**
     * Less.
     */
    TC_JOIN_LT = 3,
    /**
     * Greater or equal.
     */
    TC_JOIN_GE = 4,
    /**
     * Less or equal.
     */
    TC_JOIN_LE = 5,
    /**
     * Both hold; the right one is looked at only if the left one does.
     */
    TC_JOIN_AND = 6,
    /**
     * Either holds; the right one is looked at only if the left one does not.
     */
    TC_JOIN_OR = 7,
    /**
     * Sum.
     */
    TC_JOIN_PLUS = 8,
    /**
     * Difference.
     */
    TC_JOIN_MINUS = 9,
    /**
     * Product.
     */
    TC_JOIN_TIMES = 10,
    /**
     * Quotient.
     */
    TC_JOIN_DIVIDED = 11,
    /**
     * What division leaves.
     */
    TC_JOIN_REMAINDER = 12,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_join tc_join;
#else
typedef uint32_t tc_join;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * A list of columns in a rule.
 */
enum tc_columns
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * COLS: these are handed on, and no others.
     */
    TC_COLUMNS_COLS = 0,
    /**
     * COLSEXCEPT: these are not handed on.
     */
    TC_COLUMNS_COLSEXCEPT = 1,
    /**
     * KEYCOLS: these count as the key.
     */
    TC_COLUMNS_KEYCOLS = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_columns tc_columns;
#else
typedef uint32_t tc_columns;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a rule derives.
 */
enum tc_derived
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * COLMAP: columns, and no others.
     */
    TC_DERIVED_COLUMNS = 0,
    /**
     * COLMAP with USEDEFAULTS: columns, beside the row's own.
     */
    TC_DERIVED_MORE_COLUMNS = 1,
    /**
     * TOKENS.
     */
    TC_DERIVED_TOKENS = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_derived tc_derived;
#else
typedef uint32_t tc_derived;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How names count, in what is added behind it.
 */
enum tc_naming
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * NAMEMATCHIGNORECASE: a target is the one of its name, or else one that differs in case alone.
     */
    TC_NAMING_IGNORE_CASE = 0,
    /**
     * NAMEMATCHNOWARNING: the same.
     */
    TC_NAMING_NO_WARNING = 1,
    /**
     * NAMEMATCHEXACT: a target is the one of its name.
     */
    TC_NAMING_EXACT = 2,
    /**
     * EXCLUDEWILDCARDOBJECTSONLY: what is excluded with wildcards does not take away what a rule names without any.
     */
    TC_NAMING_EXCLUDE_WILDCARDS_ONLY = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_naming tc_naming;
#else
typedef uint32_t tc_naming;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a row of a stream is.
 */
enum tc_arrow_layout
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * One row a change: the row after it or, where it is gone, before it.
     */
    TC_ARROW_ROWS = 0,
    /**
     * One row a change, with both images side by side.
     */
    TC_ARROW_CHANGES = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_arrow_layout tc_arrow_layout;
#else
typedef uint32_t tc_arrow_layout;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What becomes of numbers that the trail has as text and that declare no scale.
 */
enum tc_arrow_numbers
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Text with their exact digits.
     */
    TC_ARROW_NUMBERS_DECLARED = 0,
    /**
     * Text with their exact digits, those of declared scale too.
     */
    TC_ARROW_NUMBERS_TEXT = 1,
    /**
     * The nearest floating-point numbers.
     */
    TC_ARROW_NUMBERS_FLOAT = 2,
    /**
     * Decimals of the scale in `number_scale`.
     */
    TC_ARROW_NUMBERS_SCALE = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_arrow_numbers tc_arrow_numbers;
#else
typedef uint32_t tc_arrow_numbers;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The unit of dates and times.
 */
enum tc_arrow_times
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Microseconds, or nanoseconds where the column declares more than six digits.
     */
    TC_ARROW_TIMES_DECLARED = 0,
    /**
     * Microseconds; finer digits are cut off.
     */
    TC_ARROW_TIMES_MICROS = 1,
    /**
     * Nanoseconds.
     */
    TC_ARROW_TIMES_NANOS = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_arrow_times tc_arrow_times;
#else
typedef uint32_t tc_arrow_times;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a stream does where the table's definition changes.
 */
enum tc_arrow_schema_change
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * It ends with an error.
     */
    TC_ARROW_SCHEMA_CHANGE_ERROR = 0,
    /**
     * It has the columns of all definitions. The trail is read once more ahead for them.
     */
    TC_ARROW_SCHEMA_CHANGE_UNION = 1,
    /**
     * It ends before the change. `tc_arrow_batches` go on behind it.
     */
    TC_ARROW_SCHEMA_CHANGE_STOP = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tc_arrow_schema_change tc_arrow_schema_change;
#else
typedef uint32_t tc_arrow_schema_change;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The record batches of all tables of a trail, in one pass: each batch of one table and one definition, a table's batches in
 * the trail's order. A table whose definition changes goes on under the new one.
 *
 * Ownership: free it with `tc_arrow_batches_free`; it does not need its trail, and what it has given does not need it. Threads:
 * one at a time.
 */
typedef struct tc_arrow_batches tc_arrow_batches;

/**
 * Changes that stay as they are until the batch is freed, with all that they lend: texts, columns, tables.
 *
 * Ownership: free it with `tc_batch_free`; its reader may be freed before it. Its memory then serves the reader's next batch.
 * Threads: several at once may use it, but for `tc_batch_free`.
 */
typedef struct tc_batch tc_batch;

/**
 * Memory for text that the library makes, used over and over: JSON lines, explanations. Functions append to it.
 *
 * Ownership: free it with `tc_buffer_free`. Threads: one at a time, but for const functions.
 */
typedef struct tc_buffer tc_buffer;

/**
 * Table definitions by name, from definition (DEFGEN) files: what trails of releases before 12.2 need.
 *
 * Ownership: free it with `tc_catalog_free`; readers that were given it keep what they need. Threads: const functions by
 * several at once.
 */
typedef struct tc_catalog tc_catalog;

/**
 * One change of a trail: a row inserted, updated or deleted, a table truncated, a statement.
 *
 * Ownership: it belongs to its batch, or to the reader that lends it. Threads: several at once may use it.
 */
typedef struct tc_change tc_change;

/**
 * A condition of WHERE: columns compared with literals and columns, or asked for their state. No arithmetic, no functions.
 *
 * Ownership: free it with `tc_condition_free`; what was made of it does not need it any more. Threads: several at once may use
 * it.
 */
typedef struct tc_condition tc_condition;

/**
 * What went wrong in a call, where, and what can be done about it. It never holds column data.
 *
 * Functions that read, parse or write have an `error` parameter. It may be NULL; else it is set to NULL where all goes well,
 * and to an object of the caller's where not, whatever it was before.
 * Ownership: free it with `tc_error_free`. Threads: several at once may look at it.
 */
typedef struct tc_error tc_error;

/**
 * An expression: of FILTER, of a column that is derived, of a token. Values go into it as they are, and need no quotes.
 *
 * Ownership: free it with `tc_expr_free`; what was made of it does not need it any more. Threads: several at once may use it.
 */
typedef struct tc_expr tc_expr;

/**
 * A change as plain values, to ask a selection about without a trail.
 *
 * Ownership: free it with `tc_facts_free`. Threads: one at a time, but for const functions.
 */
typedef struct tc_facts tc_facts;

/**
 * The header of a trail's file: where it comes from, which level it has, what it starts with.
 *
 * Ownership: free it with `tc_file_header_free`. Threads: several at once may look at it.
 */
typedef struct tc_file_header tc_file_header;

/**
 * FILTER commands as Logdump, the interactive dump tool, has them.
 *
 * Ownership: free it with `tc_logdump_filter_free`. Threads: several at once may use it.
 */
typedef struct tc_logdump_filter tc_logdump_filter;

/**
 * Reads the changes of a trail, in the trail's order, with memory that does not grow with the trail.
 *
 * What belongs together stays together: the two records of an update are one change, large-object fragments join the record
 * that they follow, and a transaction that was taken back is not handed out.
 * Ownership: free it with `tc_reader_free`; it needs neither its trail nor its options any more, and its batches live on
 * without it. Threads: one at a time; a reader may go from one thread to another. Two threads need two readers.
 */
typedef struct tc_reader tc_reader;

/**
 * Reads every record of a trail, file headers and metadata included, without putting anything together.
 *
 * Ownership: free it with `tc_record_reader_free`. Threads: one at a time.
 */
typedef struct tc_record_reader tc_record_reader;

/**
 * What checking a trail has found.
 *
 * Ownership: free it with `tc_report_free`. Threads: several at once may look at it.
 */
typedef struct tc_report tc_report;

/**
 * A row to be written, or one image of it. Columns that are not set are missing from it.
 *
 * Ownership: `tc_writer_row` makes it; free it with `tc_row_free`. Threads: one at a time.
 */
typedef struct tc_row tc_row;

/**
 * A TABLE or MAP statement: objects, and what of their changes is wanted and handed on. `tc_select_builder_rule` makes it part
 * of a selection.
 *
 * Ownership: free it with `tc_rule_free`; selections do not need it any more. Threads: one at a time, but for const functions.
 */
typedef struct tc_rule tc_rule;

/**
 * Which changes are wanted, in the language of GoldenGate's parameter files: TABLE, MAP, FILTER, WHERE and the rest.
 *
 * Ownership: free it with `tc_select_free`; what was given it keeps what it needs. Threads: several at once may use it.
 */
typedef struct tc_select tc_select;

/**
 * Puts a selection together by calls.
 *
 * Ownership: free it with `tc_select_builder_free`; selections that were built of it live on. Threads: one at a time.
 */
typedef struct tc_select_builder tc_select_builder;

/**
 * Applies a selection to changes, one after the other.
 *
 * Ownership: free it with `tc_selector_free`; it does not need its selection any more. Threads: one at a time; each thread
 * wants its own.
 */
typedef struct tc_selector tc_selector;

/**
 * What a trail holds, counted: its changes by table and operation, where and when they lie.
 *
 * Ownership: free it with `tc_summary_free`. Threads: several at once may look at it.
 */
typedef struct tc_summary tc_summary;

/**
 * The definition of a table: its name and its columns. It never changes.
 *
 * Ownership: one that a function gives as `tc_table *` is the caller's, to be freed with `tc_table_free`; one that is lent as
 * `const tc_table *` belongs to what lends it, and `tc_table_clone` keeps it. Threads: several at once may use it.
 */
typedef struct tc_table tc_table;

/**
 * A trail: one file, or several in order. Opening reads no records, and nothing is ever written.
 *
 * Ownership: free it with `tc_trail_free`; readers of it live on. Threads: several at once may use it, and any number of
 * readers may read it at once.
 */
typedef struct tc_trail tc_trail;

/**
 * Writes a trail: changes between `tc_writer_begin` and `tc_writer_commit`, and `tc_writer_finish` at the end, without which
 * nothing is complete. A table's definition is written ahead of its first row in each file.
 *
 * Ownership: free it with `tc_writer_free`. Threads: one at a time.
 */
typedef struct tc_writer tc_writer;

/**
 * A record's place in a trail. Positions order as the records do: by `seqno`, then by `rba`.
 */
typedef struct {
    /**
     * Sequence number of the file.
     */
    uint64_t seqno;
    /**
     * Byte offset of the record in that file.
     */
    uint64_t rba;
} tc_position;

/**
 * How far a reader has come. It reads ahead of what it hands out, by a block or so.
 */
typedef struct {
    /**
     * The end of what has been read.
     */
    tc_position position;
    /**
     * Bytes read so far, over all files. `tc_trail_size` has the whole.
     */
    uint64_t bytes;
} tc_progress;

/**
 * Is called as reading goes on, with each block of about a megabyte, by the thread that reads. True to go on; false ends the
 * call that reads with `TC_ERR_CANCELLED`, and a further call goes on. It must neither throw nor jump out, and calls that use
 * the reader give `TC_ERR_BUSY`.
 */
typedef bool (*tc_watch)(void *user, const tc_progress *progress);

/**
 * How to read a trail. All zero but `size` is the default: from the start, changes only, stopping at damage. What it points
 * to is needed for the call alone, but for `watch_user`.
 *
 * Example: `tc_read_options options = {0}; options.size = sizeof options; options.resync = true;`
 */
typedef struct {
    /**
     * `sizeof(tc_read_options)`.
     */
    size_t size;
    /**
     * Where to start, which must be the start of a record; NULL for the start of the trail. Of a transaction that began in
     * an earlier file, CSN and id are not known then.
     */
    const tc_position *from;
    /**
     * Definitions for tables that the trail itself does not define; NULL for none.
     */
    const tc_catalog *catalog;
    /**
     * The changes that are wanted; NULL for all.
     */
    const tc_select *select;
    /**
     * The name of the database's character set, against what the trail says; NULL for what it says.
     */
    const char *charset;
    /**
     * Called as reading goes on; NULL for nothing.
     */
    tc_watch watch;
    /**
     * Handed on to `watch`.
     */
    void *watch_user;
    /**
     * Hand out metadata, markers and records of types that are not understood too, as `TC_OP_METADATA` and `TC_OP_OTHER`.
     */
    bool all;
    /**
     * Pass over damage to the next provable record, over missing files, and over rows whose definition was lost.
     * `tc_reader_skipped` tells what was passed over.
     */
    bool resync;
    /**
     * Map files into memory instead of reading them, where the library is built so. A mapped file that another process cuts
     * short kills this one.
     */
    bool mapped;
} tc_read_options;

/**
 * How changes become record batches. All zero but `size` is the default.
 */
typedef struct {
    /**
     * `sizeof(tc_arrow_options)`.
     */
    size_t size;
    /**
     * Rows that a batch has at most; 0 for 65536.
     */
    size_t rows;
    /**
     * The names of the columns that are wanted; NULL for all.
     */
    const char *const *columns;
    /**
     * How many there are.
     */
    size_t column_count;
    /**
     * What the names of columns about the change, such as `_op`, start with; NULL for `_`.
     */
    const char *prefix;
    /**
     * What a row is.
     */
    tc_arrow_layout layout;
    /**
     * What becomes of numbers as text.
     */
    tc_arrow_numbers numbers;
    /**
     * The scale that `TC_ARROW_NUMBERS_SCALE` wants.
     */
    uint8_t number_scale;
    /**
     * Add a column of states beside each column.
     */
    bool states;
    /**
     * Let values that are not decodable be NULL, instead of ending the stream with an error.
     */
    bool invalid_as_null;
    /**
     * The unit of dates and times.
     */
    tc_arrow_times times;
    /**
     * What happens where the table's definition changes.
     */
    tc_arrow_schema_change schema_change;
} tc_arrow_options;

/**
 * How many changes a selection has brought to what.
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
     * Not decidable; in lenient mode turned away.
     */
    uint64_t undecidable;
    /**
     * Errors; in lenient mode turned away.
     */
    uint64_t errors;
} tc_counts;

/**
 * A stretch of a trail that was passed over.
 */
typedef struct {
    /**
     * The first byte that was passed over.
     */
    tc_position from;
    /**
     * Where reading went on.
     */
    tc_position to;
} tc_skipped;

/**
 * What a change is and where it stands: all that is known without a look at its columns.
 */
typedef struct {
    /**
     * `sizeof(tc_change_info)`, set by the caller.
     */
    size_t size;
    /**
     * What it does.
     */
    tc_op op;
    /**
     * Where it stands in its transaction.
     */
    tc_transaction transaction;
    /**
     * Where its record starts; of a pair, the after record.
     */
    tc_position position;
    /**
     * Where its first record starts; of a pair, the before record. Reading that starts here finds the whole change.
     */
    tc_position start;
    /**
     * The record's time, of the commit for rows, in microseconds since 1970, UTC.
     */
    int64_t time;
    /**
     * The definition of its table. It lives as long as the change; all changes of one version of a table that a reader
     * hands out have the same pointer, which stays good while the reader or one of those batches lives.
     */
    const tc_table *table;
    /**
     * What its record is: the IOType byte of its header.
     */
    uint32_t record_type;
} tc_change_info;

/**
 * Bytes that the library lends, as `tc_str`, but of any kind.
 */
typedef struct {
    /**
     * The first byte, or NULL where there are none at all.
     */
    const uint8_t *data;
    /**
     * How many there are.
     */
    size_t length;
} tc_bytes;

/**
 * An exact decimal number: `(high * 2^64 + low) / 10^scale`, where `high` has the sign of the whole. Up to 38 digits.
 *
 * With GCC and Clang: `(__int128)(((unsigned __int128)(uint64_t)d.high << 64) | d.low)`.
 */
typedef struct {
    /**
     * The lower half of all digits, as a two's complement number of 128 bits.
     */
    uint64_t low;
    /**
     * The upper half.
     */
    int64_t high;
    /**
     * How many of the digits stand behind the point.
     */
    uint8_t scale;
} tc_decimal;

/**
 * A date, or date and time, as the database has it: without a zone.
 */
typedef struct {
    /**
     * Microseconds from 1970-01-01 00:00 of the same (unknown) zone, finer digits cut off; or `TC_NO_MICROS`.
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
     * How many digits of a second the trail has, 0 to 9, or `TC_DATE_ALONE`.
     */
    uint8_t digits;
} tc_datetime;

/**
 * One column of an image. `bytes` points into its batch. Of `decimal` and `datetime`, the one that `type` names is set, and
 * what the other holds is not said.
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
     * Text as UTF-8, digits, or bytes; of an invalid value its bytes; of other values as the trail has them.
     */
    tc_bytes bytes;
    /**
     * The number, of a `TC_TYPE_DECIMAL`.
     */
    tc_decimal decimal;
    /**
     * The date, of a `TC_TYPE_DATETIME`.
     */
    tc_datetime datetime;
} tc_column;

/**
 * Text that the library lends: UTF-8, `length` bytes of it, in general without a NUL behind them. No text at all has a NULL
 * `data`; empty text has not. It lives as long as what lends it, which each function says.
 */
typedef struct {
    /**
     * Its first byte, or NULL where there is no text.
     */
    const char *data;
    /**
     * How many bytes it has.
     */
    size_t length;
} tc_str;

/**
 * One token of a change.
 */
typedef struct {
    /**
     * The name that Logdump prints; no text where none is known.
     */
    tc_str name;
    /**
     * Its body as it stands.
     */
    tc_bytes body;
    /**
     * Its value: the body, and of a row id its 18 characters; no bytes at all where it has none.
     */
    tc_bytes value;
    /**
     * Its id.
     */
    uint8_t id;
    /**
     * Its info byte.
     */
    uint8_t info;
} tc_token;

/**
 * A record as it stands in a trail. What it points to lives as long as what lends it.
 */
typedef struct {
    /**
     * `sizeof(tc_record)`, set by the caller.
     */
    size_t size;
    /**
     * Where it starts.
     */
    tc_position position;
    /**
     * Its number in its file; the file header is 0. Of a change's records, always 0.
     */
    uint64_t number;
    /**
     * The whole record.
     */
    tc_bytes bytes;
    /**
     * The body of its header area; none for a file header record.
     */
    tc_bytes header;
    /**
     * The body of its data area.
     */
    tc_bytes data;
    /**
     * The body of its token area; none at all where it has none.
     */
    tc_bytes tokens;
    /**
     * The body of its user token area; none at all where it has none.
     */
    tc_bytes user_tokens;
    /**
     * The name that Logdump prints for its type; no text where none is known.
     */
    tc_str type_name;
    /**
     * The table's name as the header has it, in the database's character set; none at all where the header has an index.
     */
    tc_bytes table_name;
    /**
     * The header's time, in microseconds since 1970, UTC.
     */
    int64_t time;
    /**
     * AuditPos: place in the source's log.
     */
    uint64_t audit_pos;
    /**
     * AuditRBA.
     */
    uint32_t audit_rba;
    /**
     * The index of the table's definition, where `has_table_index` says so.
     */
    uint16_t table_index;
    /**
     * The length of the data as the header has it.
     */
    uint16_t record_length;
    /**
     * What it is: IOType. A file header record has 0.
     */
    uint8_t record_type;
    /**
     * TransInd: 0 first, 1 middle, 2 last, 3 only; other values have no known meaning.
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
     * Continued: not 0 where the data go on in the next record.
     */
    uint8_t continued;
    /**
     * RecCount.
     */
    uint8_t record_count;
    /**
     * Whether it is a file header record.
     */
    bool is_file_header;
    /**
     * Whether its header could be read; else its fields are 0.
     */
    bool has_header;
    /**
     * Whether `table_index` is set.
     */
    bool has_table_index;
    /**
     * Whether its numbers are little-endian.
     */
    bool little_endian;
} tc_record;

/**
 * Where an error lies, as far as that is known.
 */
typedef struct {
    /**
     * The file, as it was opened, with a NUL behind it; no text where it is not known. It lives as long as the error.
     */
    tc_str file;
    /**
     * Byte offset (RBA) of the record in that file.
     */
    uint64_t rba;
    /**
     * Number of the record in that file; its first record, the file header, is 0.
     */
    uint64_t record;
    /**
     * Byte offset of the fault inside the record.
     */
    uint64_t offset;
    /**
     * Whether `rba` is known.
     */
    bool has_rba;
    /**
     * Whether `record` is known.
     */
    bool has_record;
    /**
     * Whether `offset` is known.
     */
    bool has_offset;
} tc_location;

/**
 * One finding in the text of a filter: an error, or a lint that the filter works in spite of.
 */
typedef struct {
    /**
     * What it is about.
     */
    tc_finding finding;
    /**
     * The number of GoldenGate's own message (370 of `OGG-00370`); 0 where none is known.
     */
    uint32_t ogg_number;
    /**
     * Where it starts in the text, in bytes.
     */
    size_t start;
    /**
     * Where it ends in the text, in bytes.
     */
    size_t end;
    /**
     * What is wrong. It lives as long as the object that was asked.
     */
    tc_str message;
    /**
     * What to write instead; no text where that is not known.
     */
    tc_str help;
    /**
     * Whether the filter cannot be used because of it.
     */
    bool is_error;
} tc_diagnostic;

/**
 * Takes a message of the log: `length` bytes of UTF-8 with a NUL behind them, which live for the time of the call. Messages
 * never hold column data. It is called from any thread that calls the library, and must neither throw nor jump out.
 */
typedef void (*tc_log_callback)(void *user, tc_log_level level, const char *message, size_t length);

/**
 * What a trail that was checked holds.
 */
typedef struct {
    /**
     * `sizeof(tc_report_facts)`, set by the caller.
     */
    size_t size;
    /**
     * Records.
     */
    uint64_t records;
    /**
     * Changes.
     */
    uint64_t changes;
    /**
     * Transactions.
     */
    uint64_t transactions;
    /**
     * Bytes.
     */
    uint64_t bytes;
    /**
     * Values that are present and not decodable.
     */
    uint64_t invalid_values;
    /**
     * Findings that are in the report.
     */
    uint64_t findings;
    /**
     * Findings beyond those.
     */
    uint64_t more_findings;
    /**
     * Whether nothing is wrong.
     */
    bool is_whole;
} tc_report_facts;

/**
 * One thing that checking a trail has found.
 */
typedef struct {
    /**
     * What kind it is of, as a word. It lives for ever.
     */
    tc_str kind;
    /**
     * Where it lies.
     */
    tc_position position;
    /**
     * What it is. It lives as long as the report.
     */
    tc_str what;
    /**
     * Whether something is wrong there; else it is good to know.
     */
    bool is_fault;
} tc_report_finding;

/**
 * Which operations a FILTER looks at, and what becomes of a change that does not pass. All zero but `size` is the default: it
 * looks at all, and they are turned away.
 */
typedef struct {
    /**
     * `sizeof(tc_filter_options)`.
     */
    size_t size;
    /**
     * ON: the operations that it looks at alone: inserts, updates, deletes. NULL for all.
     */
    const tc_op *on;
    /**
     * How many there are.
     */
    size_t on_count;
    /**
     * IGNORE: operations that it does not look at. NULL for none.
     */
    const tc_op *ignore;
    /**
     * How many there are.
     */
    size_t ignore_count;
    /**
     * RAISEERROR: the number of the error that a change is that does not pass, where `raises_error` says so.
     */
    uint32_t error_number;
    /**
     * Whether `error_number` is set.
     */
    bool raises_error;
} tc_filter_options;

/**
 * How a selection is read and decides. All zero but `size` is the default.
 */
typedef struct {
    /**
     * `sizeof(tc_select_options)`.
     */
    size_t size;
    /**
     * A clock that stands still, in microseconds since 1970, UTC, for @DATENOW and lags, where `has_now` says so. Without it,
     * the system's counts.
     */
    int64_t now;
    /**
     * Whether `now` is set.
     */
    bool has_now;
    /**
     * Count changes that cannot be decided on, and turn them away, instead of stopping with `TC_ERR_UNDECIDABLE`.
     */
    bool lenient;
    /**
     * Double quotes are literals, as before 12c and with NOUSEANSISQLQUOTES.
     */
    bool nonansi;
    /**
     * Count positions and lengths of text in bytes of UTF-8, as 12.3 does, instead of characters.
     */
    bool bytes;
    /**
     * Let @COMPUTE fail beyond 17 digits, as GoldenGate's does.
     */
    bool seventeen_digits;
} tc_select_options;

/**
 * The decision on one change.
 */
typedef struct {
    /**
     * `sizeof(tc_verdict)`, set by the caller.
     */
    size_t size;
    /**
     * What it is. Where a call fails, `TC_DECISION_ERROR`.
     */
    tc_decision decision;
    /**
     * Why.
     */
    tc_reason reason;
    /**
     * The number of the rule that decided, where `has_rule` says so.
     */
    size_t rule;
    /**
     * The number of the clause in the rule, where `has_clause` says so.
     */
    size_t clause;
    /**
     * The number that GoldenGate's own message has; 0 where there is none.
     */
    uint32_t ogg_number;
    /**
     * The number that RAISEERROR names; 0 where there is none.
     */
    uint32_t user_number;
    /**
     * The columns to blame where it cannot be told, by index in the table: the first `column_count`.
     */
    uint32_t columns[4];
    /**
     * How many of `columns` are set.
     */
    uint32_t column_count;
    /**
     * Whether `rule` is set.
     */
    bool has_rule;
    /**
     * Whether `clause` is set.
     */
    bool has_clause;
} tc_verdict;

/**
 * What one of several rules says of a change.
 */
typedef struct {
    /**
     * The number of the rule.
     */
    size_t rule;
    /**
     * What it says: not that the change is turned away.
     */
    tc_decision decision;
    /**
     * Why.
     */
    tc_reason reason;
} tc_hit;

/**
 * What a trail holds, all tables together.
 */
typedef struct {
    /**
     * `sizeof(tc_summary_facts)`, set by the caller.
     */
    size_t size;
    /**
     * Changes: rows, truncates and statements.
     */
    uint64_t changes;
    /**
     * Transactions that have changes among those counted. Of one that began before, the rest counts.
     */
    uint64_t transactions;
    /**
     * Tables that have changes: as many as `tc_summary_table` knows.
     */
    uint64_t tables;
    /**
     * Where the first change stands, where `has_changes` says so.
     */
    tc_position first;
    /**
     * Where the last change stands, where `has_changes` says so.
     */
    tc_position last;
    /**
     * The earliest time of a change, in microseconds since 1970, UTC, where `has_changes` says so.
     */
    int64_t earliest;
    /**
     * The latest time of a change, where `has_changes` says so.
     */
    int64_t latest;
    /**
     * The first CSN, as the trail has it; no text where there is none. It lives as long as the summary.
     */
    tc_str first_csn;
    /**
     * The last CSN.
     */
    tc_str last_csn;
    /**
     * What the selection has said; all zero without one.
     */
    tc_counts counts;
    /**
     * Stretches that were passed over: as many as `tc_summary_skipped` knows. None but with `resync`.
     */
    uint64_t skipped;
    /**
     * Whether there are changes at all.
     */
    bool has_changes;
} tc_summary_facts;

/**
 * The changes of one table, counted.
 */
typedef struct {
    /**
     * The table's name. It lives as long as the summary.
     */
    tc_str name;
    /**
     * Bytes of the changes' records.
     */
    uint64_t bytes;
    /**
     * All changes.
     */
    uint64_t changes;
    /**
     * Changes by operation: `ops[TC_OP_INSERT]` and so on, of the first eight `tc_op`.
     */
    uint64_t ops[8];
} tc_table_counts;

/**
 * A column to be made, for tables that are written.
 */
typedef struct {
    /**
     * Its name.
     */
    const char *name;
    /**
     * Text of at most `length` bytes, a number as text, an integer of 64 bits with `scale` digits behind the point, a date
     * and time with `length` digits of a second, or at most `length` bytes. `TC_KIND_OPAQUE` takes `data_type` and
     * `sub_type` as they are.
     */
    tc_kind kind;
    /**
     * Length, as the kind says.
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
     * Digits behind the point of an integer.
     */
    int16_t scale;
    /**
     * Whether text has a fixed length.
     */
    bool fixed;
    /**
     * Whether it belongs to the key.
     */
    bool key;
    /**
     * The name of its character set; NULL for UTF-8.
     */
    const char *charset;
} tc_column_spec;

/**
 * The definition of one column. The numbers are those that definition files print.
 */
typedef struct {
    /**
     * `sizeof(tc_column_def)`, set by the caller.
     */
    size_t size;
    /**
     * Its name. It lives as long as the table.
     */
    tc_str name;
    /**
     * How its bytes are read.
     */
    tc_kind kind;
    /**
     * Data type: 64 variable characters, 134 64-bit integer, 192 date/time and so on.
     */
    uint16_t data_type;
    /**
     * Sub data type: what characters mean.
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
     * Digits behind the decimal point.
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
     * The database's own type number, where `has_native_type` says so.
     */
    uint16_t native_type;
    /**
     * Length in characters, where `has_character_length` says so.
     */
    uint32_t character_length;
    /**
     * The number of its character set in trails; -1 where it is not stated or has none.
     */
    int32_t charset;
    /**
     * Whether it belongs to the key.
     */
    bool key;
    /**
     * Whether `native_type` is known.
     */
    bool has_native_type;
    /**
     * Whether `character_length` is known.
     */
    bool has_character_length;
    /**
     * Whether `nullable` is known.
     */
    bool has_nullable;
    /**
     * Whether the column may be NULL.
     */
    bool nullable;
} tc_column_def;

/**
 * A file of a trail that lies in memory.
 */
typedef struct {
    /**
     * Its name, which is copied. One that ends with a sequence number of 6 or 9 digits says it; else the file's header does.
     */
    const char *name;
    /**
     * Its bytes, which are read in place.
     */
    const uint8_t *data;
    /**
     * How many there are.
     */
    size_t length;
} tc_memory_file;

/**
 * Tells that the library does not need something any more. It is called once, from any thread.
 */
typedef void (*tc_release)(void *user);

/**
 * A file of a trail whose bytes come from the caller: an archive, an object store, another program. Its functions are called
 * by the threads that read, several at once where several readers read, and must neither throw nor jump out.
 *
 * The members behind the last that is set may be left out by a smaller `size`.
 */
typedef struct {
    /**
     * `sizeof(tc_source)`.
     */
    size_t size;
    /**
     * Its name, which is copied. One that ends with a sequence number of 6 or 9 digits says it; else the file's header does.
     */
    const char *name;
    /**
     * Handed on to the functions.
     */
    void *user;
    /**
     * How many bytes there are now; below 0, a negated `errno`.
     */
    int64_t (*length)(void *user);
    /**
     * Reads at most `length` bytes from `offset` on, and returns how many: fewer only near the end, 0 at or behind it, or,
     * below 0, a negated `errno`.
     */
    int64_t (*read)(void *user, uint8_t *into, size_t length, uint64_t offset);
    /**
     * Called once when the library does not need the source any more. It may be NULL.
     */
    tc_release release;
} tc_source;

/**
 * One file of a trail.
 */
typedef struct {
    /**
     * Its path, as it was opened; for bytes from elsewhere, its name. It lives as long as the trail.
     */
    tc_str path;
    /**
     * The sequence number in its name, where `has_seqno` says so; else its header tells.
     */
    uint64_t seqno;
    /**
     * Whether its name has a sequence number.
     */
    bool has_seqno;
} tc_file;

/**
 * File numbers that are missing between two files of a trail.
 */
typedef struct {
    /**
     * The first that is missing.
     */
    uint64_t first;
    /**
     * The last that is missing.
     */
    uint64_t last;
} tc_gap;

/**
 * How to write a trail. All zero but `size` is the default.
 */
typedef struct {
    /**
     * `sizeof(tc_writer_options)`.
     */
    size_t size;
    /**
     * A file is closed before a record would make it longer than this; 0 for 500 MiB.
     */
    uint64_t file_size;
    /**
     * When the files were made, in microseconds since 1970, UTC: what is written depends on the caller alone, not on a clock.
     */
    int64_t created;
    /**
     * Name of the writing group; NULL for `TRAILCOR`.
     */
    const char *group;
    /**
     * Number of the first file.
     */
    uint32_t first_seqno;
    /**
     * Digits of the number in file names, 6 or 9; 0 for 9.
     */
    uint32_t seqno_digits;
    /**
     * Number of the database's character set, as trails have it.
     */
    uint32_t charset;
    /**
     * Version of the table definition records, 1 or 11; 0 for 1.
     */
    uint16_t definition_version;
    /**
     * Compatibility level of the file header; 0 for 5.
     */
    uint16_t compatibility;
    /**
     * Write all numbers but column data little-endian.
     */
    bool little_endian;
    /**
     * Write no definitions: rows carry their table's name, as releases before 12.2 write them.
     */
    bool without_definitions;
} tc_writer_options;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The changes of one table as an Arrow C stream: record batches of one schema, for any Arrow implementation to take in. The
 * name is compared without regard to case, unless one table is called exactly so. Reads up to the table's first change, which
 * tells the schema.
 *
 * Ownership: the stream is the caller's from then on, and its `release` frees it; it does not need the trail any more. Where
 * the call fails, `stream->release` is NULL. Threads: several at once may call it; a stream is used by one at a time.
 * `options` and `arrow` may be NULL for the default; `error` may be NULL. Errors: `TC_ERR_UNKNOWN_TABLE` where the trail has
 * neither a change nor a definition of the table, `TC_ERR_UNDEFINED_TABLE` where its columns are not known,
 * `TC_ERR_SCHEMA_CHANGE` where a union is asked for and there is none, and what reading gives. Later errors are the stream's.
 * Example: `struct ArrowArrayStream stream; tc_trail_arrow_stream(trail, "BANK.POSTINGS", NULL, NULL, &stream, &error);`
 */
tc_status tc_trail_arrow_stream(const tc_trail *trail,
                                const char *table,
                                const tc_read_options *options,
                                const tc_arrow_options *arrow,
                                struct ArrowArrayStream *stream,
                                tc_error **error);

/**
 * Opens the record batches of all tables of a trail.
 *
 * Ownership: `*batches` is the caller's, to be freed with `tc_arrow_batches_free`. Threads: several at once may call it. `options`
 * and `arrow` may be NULL for the default; `error` may be NULL. What `arrow` says of changed definitions does not count here.
 * Errors: as `tc_reader_open`, and `TC_ERR_BAD_ARGUMENT` where `arrow` holds a number that is none of its enum's.
 * Example: `tc_arrow_batches *batches; tc_arrow_batches_open(trail, NULL, NULL, &batches, &error);`
 */
tc_status tc_arrow_batches_open(const tc_trail *trail,
                                const tc_read_options *options,
                                const tc_arrow_options *arrow,
                                tc_arrow_batches **batches,
                                tc_error **error);

/**
 * Frees them. NULL is fine.
 *
 * Example: `tc_arrow_batches_free(batches);`
 */
void tc_arrow_batches_free(tc_arrow_batches *batches);

/**
 * The next record batch: its rows as an array of structs, with their schema, and the definition of their table; at the end of
 * the trail `*table` is NULL. What lies before an error comes before it, but that a value that is not decodable, or does not fit
 * its column, is the error of its whole batch: `invalid_as_null` has it NULL instead. After `TC_ERR_VALUE`, `TC_ERR_FILTER`,
 * `TC_ERR_UNDECIDABLE` and `TC_ERR_CANCELLED` a further call goes on; other errors come again.
 *
 * Ownership: schema and rows are the caller's, whom their `release` frees; where there are none, `release` is NULL. The table is
 * lent until the next call, or until `tc_arrow_batches_free`; `tc_table_clone` keeps it. Threads: one at a time. `error` may be
 * NULL. Errors: what reading gives, `TC_ERR_VALUE`, and `TC_ERR_OTHER` where a name holds a NUL, for which Arrow has no room.
 * Example: `while (tc_arrow_batches_next(batches, &table, &schema, &rows, &error) == TC_OK && table) take(&schema, &rows);`
 */
tc_status tc_arrow_batches_next(tc_arrow_batches *batches,
                                const tc_table **table,
                                struct ArrowSchema *schema,
                                struct ArrowArray *rows,
                                tc_error **error);

/**
 * What the selection has said of the changes so far; all zero without one.
 *
 * Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_counts counts; tc_arrow_batches_filter_counts(batches, &counts);`
 */
tc_status tc_arrow_batches_filter_counts(tc_arrow_batches *batches, tc_counts *counts);

/**
 * How many stretches were passed over so far. None but with `resync`.
 *
 * Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `size_t count; tc_arrow_batches_skipped_count(batches, &count);`
 */
tc_status tc_arrow_batches_skipped_count(tc_arrow_batches *batches, size_t *count);

/**
 * One of the stretches that were passed over, and in `*why` what was wrong there.
 *
 * Ownership: `*why` is the caller's, to be freed with `tc_error_free`; `why` may be NULL. Threads: one at a time. Errors:
 * `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_skipped gap; tc_error *why; tc_arrow_batches_skipped(batches, 0, &gap, &why);`
 */
tc_status tc_arrow_batches_skipped(tc_arrow_batches *batches,
                                   size_t index,
                                   tc_skipped *skipped,
                                   tc_error **why);

/**
 * The schema that the changes of a table have as record batches.
 *
 * Ownership: the schema is the caller's, whom its `release` frees; where the call fails, `release` is NULL. Threads: several at
 * once may call it. `arrow` may be NULL for the default; `error` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` where a column is
 * wanted that the table does not have, or two would have one name; `TC_ERR_OTHER` where a name holds a NUL.
 * Example: `struct ArrowSchema schema; tc_table_arrow_schema(info.table, NULL, &schema, &error);`
 */
tc_status tc_table_arrow_schema(const tc_table *table,
                                const tc_arrow_options *arrow,
                                struct ArrowSchema *schema,
                                tc_error **error);

/**
 * Frees a batch and all that it lends. NULL is fine.
 *
 * Example: `tc_batch_free(batch);`
 */
void tc_batch_free(tc_batch *batch);

/**
 * How many changes a batch has: one at least.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `size_t count; tc_batch_count(batch, &count);`
 */
tc_status tc_batch_count(const tc_batch *batch, size_t *count);

/**
 * A change by its place in the batch, the first being 0. It lives as long as the batch.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and
 * those of handles.
 * Example: `const tc_change *change; tc_batch_change(batch, i, &change);`
 */
tc_status tc_batch_change(const tc_batch *batch,
                          size_t index,
                          const tc_change **change);

/**
 * All of a change in one call, by its place in the batch: as `tc_change_read`. The quickest way to every column of every change.
 *
 * What it points to lives as long as the batch. Threads: several at once may call it. `info` may be NULL for none,
 * `columns` may be NULL where `room` is 0, `error` may be NULL. Errors: as `tc_batch_change` and `tc_change_read`.
 * Example: `for (i = 0; i < count; i++) tc_batch_read(batch, i, &info, columns, 64, &before, &after, &error);`
 */
tc_status tc_batch_read(const tc_batch *batch,
                        size_t index,
                        tc_change_info *info,
                        tc_column *columns,
                        size_t room,
                        size_t *before,
                        size_t *after,
                        tc_error **error);

/**
 * Appends all changes of a batch to a buffer as native JSON, one line each, with line ends. Where one cannot be written, the
 * lines of those before it are in the buffer, whole.
 *
 * Threads: one at a time for a buffer. `error` may be NULL. Errors: as `tc_change_write_json`.
 * Example: `status = tc_batch_write_json(batch, lines, &error);`
 */
tc_status tc_batch_write_json(const tc_batch *batch,
                              tc_buffer *buffer,
                              tc_error **error);

/**
 * Makes an empty buffer.
 *
 * Ownership: `*buffer` is the caller's, to be freed with `tc_buffer_free`. Any thread may call it.
 * Errors: `TC_ERR_NULL_POINTER`.
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
 * The text in a buffer, with a NUL behind it. It lives until the buffer is appended to, cleared or freed.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_str text; tc_buffer_text(line, &text); fwrite(text.data, 1, text.length, stdout);`
 */
tc_status tc_buffer_text(const tc_buffer *buffer, tc_str *text);

/**
 * Empties a buffer; its memory is kept for what comes next.
 *
 * Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_buffer_clear(line);`
 */
tc_status tc_buffer_clear(tc_buffer *buffer);

/**
 * Makes a builder of a selection that wants all changes.
 *
 * Ownership: `*builder` is the caller's, to be freed with `tc_select_builder_free`. Any thread may call it. Errors:
 * `TC_ERR_NULL_POINTER`.
 * Example: `tc_select_builder *builder; tc_select_builder_new(&builder);`
 */
tc_status tc_select_builder_new(tc_select_builder **builder);

/**
 * Frees a builder. NULL is fine.
 *
 * Example: `tc_select_builder_free(builder);`
 */
void tc_select_builder_free(tc_select_builder *builder);

/**
 * Adds a TABLE statement for objects, `OWNER.OBJECT` with `*` and `?`, with a FILTER expression and a WHERE condition as they
 * stand between the parentheses of those clauses.
 *
 * Threads: one at a time. `filter` and `where_` may be NULL for none; `error` may be NULL. Errors: `TC_ERR_FILTER` where a text
 * is wrong; the builder then is as it was.
 * Example: `tc_select_builder_table(builder, "HR.EMP*", "SALARY > 1000", NULL, &error);`
 */
tc_status tc_select_builder_table(tc_select_builder *builder,
                                  const char *objects,
                                  const char *filter,
                                  const char *where_,
                                  tc_error **error);

/**
 * Adds a rule as it is now: a TABLE or MAP statement with all that it holds.
 *
 * Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_select_builder_rule(builder, rule);`
 */
tc_status tc_select_builder_rule(tc_select_builder *builder, const tc_rule *rule);

/**
 * Adds what is excluded: tables, schemas, catalogs or tags.
 *
 * Threads: one at a time. `error` may be NULL. Errors: `TC_ERR_FILTER` where the text is no name or tag, `TC_ERR_BAD_ARGUMENT`
 * where `kind` is none.
 * Example: `tc_select_builder_exclude(builder, TC_EXCLUDE_TABLES, "HR.EMP_OLD", &error);`
 */
tc_status tc_select_builder_exclude(tc_select_builder *builder,
                                    tc_exclude kind,
                                    const char *what,
                                    tc_error **error);

/**
 * Sets whether the tables added behind it want an operation, until it is set again: GETINSERTS, IGNOREDELETES and the like.
 *
 * Threads: one at a time. Errors: `TC_ERR_BAD_ARGUMENT` where `op` is none, `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_select_builder_get(builder, TC_OP_DELETE, false);`
 */
tc_status tc_select_builder_get(tc_select_builder *builder,
                                tc_op op,
                                bool wanted);

/**
 * Takes these operations alone.
 *
 * Threads: one at a time. Errors: `TC_ERR_BAD_ARGUMENT` where one is none, `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_op ops[] = {TC_OP_INSERT, TC_OP_DELETE}; tc_select_builder_ops(builder, ops, 2);`
 */
tc_status tc_select_builder_ops(tc_select_builder *builder,
                                const tc_op *ops,
                                size_t count);

/**
 * Limits the selection by commit sequence numbers.
 *
 * Threads: one at a time. Errors: `TC_ERR_BAD_ARGUMENT` where `limit` is none, `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_select_builder_limit_csn(builder, TC_LIMIT_FROM, "7824137847");`
 */
tc_status tc_select_builder_limit_csn(tc_select_builder *builder,
                                      tc_limit limit,
                                      const char *csn);

/**
 * Limits the selection by time, in microseconds since 1970, UTC.
 *
 * Threads: one at a time. Errors: `TC_ERR_BAD_ARGUMENT` where `limit` is none, `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_select_builder_limit_time(builder, TC_LIMIT_UNTIL, midnight);`
 */
tc_status tc_select_builder_limit_time(tc_select_builder *builder,
                                       tc_limit limit,
                                       int64_t micros);

/**
 * Limits the selection by positions.
 *
 * Threads: one at a time. Errors: `TC_ERR_BAD_ARGUMENT` where `limit` is none, `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_position end = {13, 0}; tc_select_builder_limit_position(builder, TC_LIMIT_UNTIL, end);`
 */
tc_status tc_select_builder_limit_position(tc_select_builder *builder,
                                           tc_limit limit,
                                           tc_position position);

/**
 * The container of the objects added behind it that name none: SOURCECATALOG.
 *
 * Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_select_builder_source_catalog(builder, "PDB1");`
 */
tc_status tc_select_builder_source_catalog(tc_select_builder *builder, const char *name);

/**
 * Sets how names count.
 *
 * Threads: one at a time. Errors: `TC_ERR_BAD_ARGUMENT` where `naming` is none, `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_select_builder_naming(builder, TC_NAMING_EXACT);`
 */
tc_status tc_select_builder_naming(tc_select_builder *builder,
                                   tc_naming naming);

/**
 * The selection that has been put together so far. The builder stays as it is.
 *
 * Ownership: `*select` is the caller's, to be freed with `tc_select_free`. Threads: one at a time. `lenient` says that changes
 * that cannot be decided on are counted and turned away. Errors: `TC_ERR_FILTER` where it could not be written as text that is
 * read as the same: a list without names, or a name or CSN with characters that end it; `TC_ERR_NULL_POINTER` and those of
 * handles.
 * Example: `tc_select_builder_build(builder, false, &select);`
 */
tc_status tc_select_builder_build(tc_select_builder *builder,
                                  bool lenient,
                                  tc_select **select);

/**
 * Makes an empty catalog.
 *
 * Ownership: `*catalog` is the caller's, to be freed with `tc_catalog_free`. Any thread may call it. Errors:
 * `TC_ERR_NULL_POINTER`.
 * Example: `tc_catalog *catalog; tc_catalog_new(&catalog);`
 */
tc_status tc_catalog_new(tc_catalog **catalog);

/**
 * Reads a definition file.
 *
 * Ownership: `*catalog` is the caller's, to be freed with `tc_catalog_free`. Any thread may call it. `error` may be NULL.
 * Errors: `TC_ERR_NOT_FOUND`, `TC_ERR_IO`; `TC_ERR_DEFINITIONS` where it cannot be understood, with the line.
 * Example: `tc_catalog_open("dirdef/hr.def", &catalog, &error);`
 */
tc_status tc_catalog_open(const char *file,
                          tc_catalog **catalog,
                          tc_error **error);

/**
 * Reads the bytes of a definition file.
 *
 * Ownership: `*catalog` is the caller's, to be freed with `tc_catalog_free`; the bytes are not kept. Any thread may call it.
 * `error` may be NULL. Errors: `TC_ERR_DEFINITIONS` where they cannot be understood, with the line.
 * Example: `tc_catalog_parse(bytes, length, &catalog, &error);`
 */
tc_status tc_catalog_parse(const uint8_t *bytes,
                           size_t length,
                           tc_catalog **catalog,
                           tc_error **error);

/**
 * Frees a catalog. NULL is fine.
 *
 * Example: `tc_catalog_free(catalog);`
 */
void tc_catalog_free(tc_catalog *catalog);

/**
 * Adds a definition; one of the same name is replaced. Readers that were given the catalog before do not see it.
 *
 * Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_catalog_insert(catalog, table);`
 */
tc_status tc_catalog_insert(tc_catalog *catalog,
                            const tc_table *table);

/**
 * How many definitions there are.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `size_t count; tc_catalog_count(catalog, &count);`
 */
tc_status tc_catalog_count(const tc_catalog *catalog, size_t *count);

/**
 * A definition by its place among all, which are in the order of their names.
 *
 * Ownership: `*table` is the caller's, to be freed with `tc_table_free`. Threads: several at once may call it. Errors:
 * `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_catalog_table(catalog, 0, &table);`
 */
tc_status tc_catalog_table(const tc_catalog *catalog,
                           size_t index,
                           tc_table **table);

/**
 * The definition of a table by its name: the exact one, or else the only one that differs in case alone. `*table` is NULL
 * where there is none.
 *
 * Ownership: `*table` is the caller's, to be freed with `tc_table_free`. Threads: several at once may call it. Errors:
 * `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_catalog_find(catalog, "HR.EMP", &table);`
 */
tc_status tc_catalog_find(const tc_catalog *catalog,
                          const char *name,
                          tc_table **table);

/**
 * What a change is and where it stands.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where `info` does not start with its size,
 * `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_change_info info; info.size = sizeof info; tc_change_info_of(change, &info);`
 */
tc_status tc_change_info_of(const tc_change *change,
                            tc_change_info *info);

/**
 * The name of an operation in the native JSON form, such as `pk_update`: text that ends with a NUL and lives for ever. Of a
 * number that is none, `unknown`.
 *
 * Any thread may call it. No errors.
 * Example: `printf("%s\n", tc_op_name(info.op));`
 */
const char *tc_op_name(tc_op op);

/**
 * The name of a change's table, parts joined by `.`; of a statement, that of its object. It lives as long as the change.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_str name; tc_change_table_name(change, &name); printf("%.*s", (int)name.length, name.data);`
 */
tc_status tc_change_table_name(const tc_change *change,
                               tc_str *name);

/**
 * The commit sequence number of a change's transaction; no text where the trail does not tell. It lives as long as the change.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_str csn; tc_change_csn(change, &csn);`
 */
tc_status tc_change_csn(const tc_change *change,
                        tc_str *csn);

/**
 * The id of a change's transaction; no text where the trail does not tell. It lives as long as the change.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_str xid; tc_change_xid(change, &xid);`
 */
tc_status tc_change_xid(const tc_change *change, tc_str *xid);

/**
 * Whether a change has this image. One that it has may still be of no columns.
 *
 * Threads: several at once may call it. `error` may be NULL. Errors: `TC_ERR_CORRUPT` where the images do not fit the record,
 * `TC_ERR_UNSUPPORTED` where they are encrypted or of a form that is not known, `TC_ERR_BAD_ARGUMENT` where `image` is none.
 * Example: `bool has; tc_change_has_image(change, TC_IMAGE_BEFORE, &has, &error);`
 */
tc_status tc_change_has_image(const tc_change *change,
                              tc_image image,
                              bool *has,
                              tc_error **error);

/**
 * The columns of an image, in the trail's order: those that are there; missing ones are not among them. `*count` is how many
 * the image has, and at most `room` of them are put into `columns`. An image that the change does not have has none.
 *
 * What they point to lives as long as the change. Nothing is copied, but for text in other character sets than UTF-8, which
 * each call makes anew.
 * Threads: several at once may call it. `columns` may be NULL where `room` is 0; `error` may be NULL. Errors: as
 * `tc_change_has_image`, and `TC_ERR_CORRUPT` where the image ends within a column.
 * Example: `tc_column columns[64]; size_t count; tc_change_columns(change, TC_IMAGE_AFTER, columns, 64, &count, &error);`
 */
tc_status tc_change_columns(const tc_change *change,
                            tc_image image,
                            tc_column *columns,
                            size_t room,
                            size_t *count,
                            tc_error **error);

/**
 * All of a change in one call: what `tc_change_info_of` gives, and the columns of both images, those before the change and
 * behind them those after it. `*before` and `*after` are how many each image has, and at most `room` of them all are put into
 * `columns`. `tc_batch_read` does the same by a change's place in its batch.
 *
 * What it points to lives as long as the change. Nothing is copied, but for text in other character sets than UTF-8, which
 * each call makes anew. Set `info->size` first.
 * Threads: several at once may call it. `info` may be NULL for none, `columns` may be NULL where `room` is 0,
 * `error` may be NULL. Errors: as `tc_change_info_of` and `tc_change_columns`.
 * Example: `tc_change_read(change, &info, columns, 64, &before, &after, &error);`
 */
tc_status tc_change_read(const tc_change *change,
                         tc_change_info *info,
                         tc_column *columns,
                         size_t room,
                         size_t *before,
                         size_t *after,
                         tc_error **error);

/**
 * A column of an image by its index in the table; with the state `TC_STATE_MISSING` where it is not in the image, or the
 * change has no such image. What it points to lives as long as the change.
 *
 * Threads: several at once may call it. `error` may be NULL. Errors: as `tc_change_has_image`; `TC_ERR_BAD_ARGUMENT` where a
 * table whose columns are known has no such column.
 * Example: `tc_column amount; tc_change_column(change, TC_IMAGE_AFTER, index, &amount, &error);`
 */
tc_status tc_change_column(const tc_change *change,
                           tc_image image,
                           size_t index,
                           tc_column *column,
                           tc_error **error);

/**
 * A column of an image by its name: the exact one, or else the only one that differs in case alone; `COL0`, `COL1` and so on
 * of tables whose columns are not known. Else as `tc_change_column`.
 *
 * Threads: several at once may call it. `error` may be NULL. Errors: as `tc_change_column`.
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
 * Threads: one at a time for a buffer. `error` may be NULL. Errors: `TC_ERR_CORRUPT` where an image is damaged; the buffer
 * then is as it was. An image of a form that is not known is no error: it is shown as `{"$unsupported": "why"}`.
 * Example: `tc_buffer_clear(line); tc_change_write_json(change, line, &error);`
 */
tc_status tc_change_write_json(const tc_change *change,
                               tc_buffer *buffer,
                               tc_error **error);

/**
 * How many of GoldenGate's own tokens a change has.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `size_t count; tc_change_token_count(change, &count);`
 */
tc_status tc_change_token_count(const tc_change *change, size_t *count);

/**
 * One of GoldenGate's own tokens of a change; of a pair, the after record's come first. What it points to lives as long as
 * the change.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and
 * those of handles.
 * Example: `tc_token token; tc_change_token(change, 0, &token);`
 */
tc_status tc_change_token(const tc_change *change,
                          size_t index,
                          tc_token *token);

/**
 * The user's tokens of a change as they stand, since how they are laid out is not known; no bytes at all where it has none.
 * They live as long as the change.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_bytes area; tc_change_user_tokens(change, &area);`
 */
tc_status tc_change_user_tokens(const tc_change *change,
                                tc_bytes *area);

/**
 * The whole text of a statement as the trail has it; no text for other changes, and where it is encrypted. It lives as long
 * as the change.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_str statement; tc_change_ddl(change, &statement);`
 */
tc_status tc_change_ddl(const tc_change *change,
                        tc_str *statement);

/**
 * The value of one tag of a statement's text, such as `B4` for its object or `C1` for the statement alone; no text where there
 * is none. It lives as long as the change.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_str sql; tc_change_ddl_field(change, "C1", &sql);`
 */
tc_status tc_change_ddl_field(const tc_change *change,
                              const char *tag,
                              tc_str *value);

/**
 * The header of a change's file; `*header` is NULL for files without one.
 *
 * Ownership: `*header` is the caller's, to be freed with `tc_file_header_free`. Threads: several at once may call it. Errors:
 * `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_file_header *header; tc_change_file_header(change, &header);`
 */
tc_status tc_change_file_header(const tc_change *change,
                                tc_file_header **header);

/**
 * How many records a change is made of: of a pair two, and its large-object fragments.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `size_t count; tc_change_record_count(change, &count);`
 */
tc_status tc_change_record_count(const tc_change *change, size_t *count);

/**
 * One of a change's records as it stands; of a pair, the before record is the first. Its position and number are the
 * change's. What it points to lives as long as the change.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many or `record` does not start
 * with its size, `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_record record; record.size = sizeof record; tc_change_record(change, 0, &record);`
 */
tc_status tc_change_record(const tc_change *change,
                           size_t index,
                           tc_record *record);

/**
 * The whole number that a column holds.
 *
 * Any thread may call it. Errors: `TC_ERR_VALUE` where it holds no number, one with a fraction, or one that does not fit;
 * `TC_ERR_NULL_POINTER`.
 * Example: `int64_t id; if (tc_column_i64(&column, &id) != TC_OK) skip();`
 */
tc_status tc_column_i64(const tc_column *column,
                        int64_t *number);

/**
 * The exact number that a column holds.
 *
 * Any thread may call it. Errors: `TC_ERR_VALUE` where it holds no number, or one of more than 38 digits;
 * `TC_ERR_NULL_POINTER`.
 * Example: `tc_decimal amount; tc_column_decimal(&column, &amount);`
 */
tc_status tc_column_decimal(const tc_column *column, tc_decimal *number);

/**
 * The floating-point number nearest to the number that a column holds. Not exact: for plots, not for sums of money.
 *
 * Any thread may call it. Errors: as `tc_column_decimal`.
 * Example: `double y; tc_column_f64(&column, &y);`
 */
tc_status tc_column_f64(const tc_column *column,
                        double *number);

/**
 * The text that a column holds, as UTF-8, or the digits of a number that the trail has as text. It lives as long as the change.
 *
 * Any thread may call it. Errors: `TC_ERR_VALUE` where it holds no text; `TC_ERR_NULL_POINTER`.
 * Example: `tc_str memo; tc_column_text(&column, &memo);`
 */
tc_status tc_column_text(const tc_column *column,
                         tc_str *value);

/**
 * The date, or date and time, that a column holds.
 *
 * Any thread may call it. Errors: `TC_ERR_VALUE` where it holds none; `TC_ERR_NULL_POINTER`.
 * Example: `tc_datetime posted; tc_column_datetime(&column, &posted);`
 */
tc_status tc_column_datetime(const tc_column *column, tc_datetime *time);

/**
 * The bytes of a column of any type, decodable or not: text as UTF-8, others as the trail has them. They live as long as the
 * change.
 *
 * Any thread may call it. Errors: `TC_ERR_VALUE` where it is NULL, missing or unchanged; `TC_ERR_NULL_POINTER`.
 * Example: `tc_bytes raw; tc_column_bytes(&column, &raw);`
 */
tc_status tc_column_bytes(const tc_column *column,
                          tc_bytes *bytes);

/**
 * Appends a column's value to a buffer as text for people: text as it is, numbers with all their digits, dates as ISO 8601,
 * bytes as `0x` and hexadecimal; `NULL`, `missing`, `unchanged`, and of an invalid value `invalid:0x` and hexadecimal.
 *
 * Threads: one at a time for a buffer. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_buffer_clear(text); tc_column_write(&column, text);`
 */
tc_status tc_column_write(const tc_column *column,
                          tc_buffer *buffer);

/**
 * Reads a condition as it stands between the parentheses of WHERE.
 *
 * Ownership: `*condition` is the caller's, to be freed with `tc_condition_free`. Any thread may call it. `error` may be NULL.
 * Errors: `TC_ERR_FILTER` where the text is wrong, with all findings as diagnostics of the error.
 * Example: `tc_condition_parse("SALARY > 1000 AND ENAME <> @NULL", &condition, &error);`
 */
tc_status tc_condition_parse(const char *source,
                             tc_condition **condition,
                             tc_error **error);

/**
 * A column compared with a number, by one of the first six of `tc_join`.
 *
 * Ownership: `*condition` is the caller's, to be freed with `tc_condition_free`. Any thread may call it. Errors:
 * `TC_ERR_BAD_ARGUMENT` where `join` does not compare, `TC_ERR_NULL_POINTER`.
 * Example: `tc_decimal limit = {1000, 0, 0}; tc_condition_number("SALARY", TC_JOIN_GT, limit, &condition);`
 */
tc_status tc_condition_number(const char *column,
                              tc_join join,
                              tc_decimal number,
                              tc_condition **condition);

/**
 * A column compared with a literal text, taken as it is.
 *
 * Ownership: `*condition` is the caller's, to be freed with `tc_condition_free`. Any thread may call it. Errors:
 * `TC_ERR_BAD_ARGUMENT` where `join` does not compare, `TC_ERR_NULL_POINTER`.
 * Example: `tc_condition_text("ENAME", TC_JOIN_EQ, "O'Brien", &condition);`
 */
tc_status tc_condition_text(const char *column,
                            tc_join join,
                            const char *value,
                            tc_condition **condition);

/**
 * A column compared with another column.
 *
 * Ownership: `*condition` is the caller's, to be freed with `tc_condition_free`. Any thread may call it. Errors:
 * `TC_ERR_BAD_ARGUMENT` where `join` does not compare, `TC_ERR_NULL_POINTER`.
 * Example: `tc_condition_column("PAID", TC_JOIN_LT, "DUE", &condition);`
 */
tc_status tc_condition_column(const char *column,
                              tc_join join,
                              const char *other,
                              tc_condition **condition);

/**
 * A column's state: with `TC_STATE_NULL` whether it is NULL, with `TC_STATE_MISSING` whether it is not in the image (`@ABSENT`),
 * with `TC_STATE_VALUE` whether it is, NULL or not (`@PRESENT`). With `TC_JOIN_NE` the opposite.
 *
 * Ownership: `*condition` is the caller's, to be freed with `tc_condition_free`. Any thread may call it. Errors:
 * `TC_ERR_BAD_ARGUMENT` where `join` is neither `TC_JOIN_EQ` nor `TC_JOIN_NE`, or `state` none of the three;
 * `TC_ERR_NULL_POINTER`.
 * Example: `tc_condition_state("ENAME", TC_JOIN_NE, TC_STATE_NULL, &condition);`
 */
tc_status tc_condition_state(const char *column,
                             tc_join join,
                             tc_state state,
                             tc_condition **condition);

/**
 * Two conditions joined with `TC_JOIN_AND` or `TC_JOIN_OR`.
 *
 * Ownership: `*condition` is the caller's, to be freed with `tc_condition_free`; `left` and `right` stay the caller's. Any thread
 * may call it. Errors: `TC_ERR_BAD_ARGUMENT` where `join` is neither, `TC_ERR_FILTER` where it would be too deep or too large;
 * `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_condition_join(TC_JOIN_OR, rich, famous, &condition);`
 */
tc_status tc_condition_join(tc_join join,
                            const tc_condition *left,
                            const tc_condition *right,
                            tc_condition **condition);

/**
 * Appends a condition to a buffer as text.
 *
 * Threads: several at once, with a buffer each. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_condition_write(condition, text);`
 */
tc_status tc_condition_write(const tc_condition *condition, tc_buffer *buffer);

/**
 * Frees a condition. NULL is fine.
 *
 * Example: `tc_condition_free(condition);`
 */
void tc_condition_free(tc_condition *condition);

/**
 * Frees an error. NULL is fine.
 *
 * Example: `tc_error_free(error);`
 */
void tc_error_free(tc_error *error);

/**
 * The status that came with an error; of NULL `TC_OK`, and of what is no error the status that says so.
 *
 * Threads: several at once may call it. `error` may be NULL. No errors of its own.
 * Example: `if (tc_error_status(error) == TC_ERR_TRUNCATED) wait_for_more();`
 */
tc_status tc_error_status(const tc_error *error);

/**
 * What is wrong, where, and what can be done about it, as one text that ends with a NUL. It lives as long as the error. Of
 * NULL, and of what is no error, an empty text.
 *
 * Threads: several at once may call it. `error` may be NULL.
 * Example: `fprintf(stderr, "%s\n", tc_error_message(error));`
 */
const char *tc_error_message(const tc_error *error);

/**
 * What is wrong alone, without the place and without advice; else as `tc_error_message`.
 *
 * Threads: several at once may call it. `error` may be NULL.
 * Example: `report(tc_error_what(error), location.rba);`
 */
const char *tc_error_what(const tc_error *error);

/**
 * Where an error lies. Its texts live as long as the error.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_location place; if (tc_error_location(error, &place) == TC_OK && place.has_rba) go_to(place.rba);`
 */
tc_status tc_error_location(const tc_error *error,
                            tc_location *location);

/**
 * How many findings there are in the text of a filter that was not understood; 0 of all other errors.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `size_t count; tc_error_diagnostic_count(error, &count);`
 */
tc_status tc_error_diagnostic_count(const tc_error *error, size_t *count);

/**
 * One of the findings in the text of a filter. Its texts live as long as the error.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and
 * those of handles.
 * Example: `tc_diagnostic first; tc_error_diagnostic(error, 0, &first);`
 */
tc_status tc_error_diagnostic(const tc_error *error,
                              size_t index,
                              tc_diagnostic *diagnostic);

/**
 * Reads an expression as it stands between the parentheses of FILTER.
 *
 * Ownership: `*expr` is the caller's, to be freed with `tc_expr_free`. Any thread may call it. `error` may be NULL. Errors:
 * `TC_ERR_FILTER` where the text is wrong, with all findings as diagnostics of the error.
 * Example: `tc_expr_parse("SALARY > 1000 AND @STRLEN (ENAME) > 3", &expr, &error);`
 */
tc_status tc_expr_parse(const char *source,
                        tc_expr **expr,
                        tc_error **error);

/**
 * A column, from the image that counts: the after image, of a delete the before image; or, if `before`, from the before image.
 * A name with characters beyond letters, digits, `_`, `$` and `#` is taken with its case; else case does not count.
 *
 * Ownership: `*expr` is the caller's, to be freed with `tc_expr_free`. Any thread may call it. Errors: `TC_ERR_NULL_POINTER`,
 * `TC_ERR_BAD_ARGUMENT` where the name is not UTF-8.
 * Example: `tc_expr_column("SALARY", false, &expr);`
 */
tc_status tc_expr_column(const char *name,
                         bool before,
                         tc_expr **expr);

/**
 * An exact number.
 *
 * Ownership: `*expr` is the caller's, to be freed with `tc_expr_free`. Any thread may call it. Errors: `TC_ERR_NULL_POINTER`.
 * Example: `tc_decimal limit = {1000, 0, 2}; tc_expr_number(limit, &expr);` is 10.00.
 */
tc_status tc_expr_number(tc_decimal number,
                         tc_expr **expr);

/**
 * A literal text, taken as it is.
 *
 * Ownership: `*expr` is the caller's, to be freed with `tc_expr_free`. Any thread may call it. Errors: `TC_ERR_NULL_POINTER`,
 * `TC_ERR_BAD_ARGUMENT` where it is not UTF-8.
 * Example: `tc_expr_text("O'Brien", &expr);`
 */
tc_status tc_expr_text(const char *value,
                       tc_expr **expr);

/**
 * A word such as `PRESENT` or `RIGHTZERO`, for the functions that take one. A word that none of them knows is a column.
 *
 * Ownership: `*expr` is the caller's, to be freed with `tc_expr_free`. Any thread may call it. Errors: `TC_ERR_NULL_POINTER`,
 * `TC_ERR_BAD_ARGUMENT` where it is not UTF-8.
 * Example: `tc_expr_word("PRESENT", &expr);`
 */
tc_status tc_expr_word(const char *name,
                       tc_expr **expr);

/**
 * The call of a function by its name, in any case, without the `@`. `@GETENV` takes group and item as two literal texts. How
 * many arguments a function takes is checked against a table, by `tc_select_check`.
 *
 * Ownership: `*expr` is the caller's, to be freed with `tc_expr_free`; the arguments stay the caller's. Any thread may call it.
 * `arguments` may be NULL where `count` is 0; `error` may be NULL. Errors: `TC_ERR_FILTER` where there is no such function, or
 * the expression would be too deep; `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `const tc_expr *arguments[] = {memo, cash}; tc_expr_call("STRFIND", arguments, 2, &expr, &error);`
 */
tc_status tc_expr_call(const char *function,
                       const tc_expr *const *arguments,
                       size_t count,
                       tc_expr **expr,
                       tc_error **error);

/**
 * Two expressions joined: compared, added, with AND, and so on.
 *
 * Ownership: `*expr` is the caller's, to be freed with `tc_expr_free`; `left` and `right` stay the caller's, and may be one and
 * the same. Any thread may call it. Errors: `TC_ERR_BAD_ARGUMENT` where `join` is none, `TC_ERR_FILTER` where it would be too
 * deep or too large; `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_expr_join(TC_JOIN_GT, salary, limit, &expr);`
 */
tc_status tc_expr_join(tc_join join,
                       const tc_expr *left,
                       const tc_expr *right,
                       tc_expr **expr);

/**
 * Appends an expression to a buffer as text.
 *
 * Threads: several at once, with a buffer each. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_expr_write(expr, text);`
 */
tc_status tc_expr_write(const tc_expr *expr, tc_buffer *buffer);

/**
 * Frees an expression. NULL is fine.
 *
 * Example: `tc_expr_free(expr);`
 */
void tc_expr_free(tc_expr *expr);

/**
 * Frees a header. NULL is fine.
 *
 * Example: `tc_file_header_free(header);`
 */
void tc_file_header_free(tc_file_header *header);

/**
 * A field that is text; no text where it has no value. It lives as long as the header.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where `field` is none, or a number;
 * `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_str csn; tc_field_state state; tc_file_header_text(header, TC_FIELD_FIRST_CSN, &csn, &state);`
 */
tc_status tc_file_header_text(const tc_file_header *header,
                              tc_field field,
                              tc_str *text,
                              tc_field_state *state);

/**
 * A field that is a number; 0 where it has no value.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where `field` is none, or text; `TC_ERR_NULL_POINTER` and
 * those of handles.
 * Example: `int64_t level; tc_field_state state; tc_file_header_number(header, TC_FIELD_COMPATIBILITY, &level, &state);`
 */
tc_status tc_file_header_number(const tc_file_header *header,
                                tc_field field,
                                int64_t *number,
                                tc_field_state *state);

/**
 * The body of a token by its group (hexadecimal 30 trail, 31 machine, 32 database, 33 producer, 34 continuity) and id, known
 * or not; no bytes at all where it has no value. They live as long as the header.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_bytes uris; tc_field_state state; tc_file_header_token(header, 0x30, 0x35, &uris, &state);`
 */
tc_status tc_file_header_token(const tc_file_header *header,
                               uint8_t group,
                               uint8_t id,
                               tc_bytes *body,
                               tc_field_state *state);

/**
 * Sends the log to a callback, with `user` handed on to it; without one, where `callback` is NULL, it goes nowhere, as at
 * the start. The last call counts, for the whole process. When it returns, the callback of before may still be at work in
 * another thread, and is not called again after that.
 *
 * Any thread may call it, but not the callback itself. `callback` and `user` may be NULL. Always `TC_OK`.
 * Example: `tc_log_set(write_to_our_log, our_log);`
 */
tc_status tc_log_set(tc_log_callback callback,
                     void *user);

/**
 * Reads one or more FILTER commands.
 *
 * Ownership: `*filter` is the caller's, to be freed with `tc_logdump_filter_free`. Any thread may call it. `error` may be NULL.
 * Errors: `TC_ERR_INVALID_ARGUMENT` where the text is wrong, or asks for what no trail can answer.
 * Example: `tc_logdump_filter_parse("FILTER RECTYPE Insert", &filter, &error);`
 */
tc_status tc_logdump_filter_parse(const char *source,
                                  tc_logdump_filter **filter,
                                  tc_error **error);

/**
 * Frees a filter. NULL is fine.
 *
 * Example: `tc_logdump_filter_free(filter);`
 */
void tc_logdump_filter_free(tc_logdump_filter *filter);

/**
 * Whether Logdump would show a change.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `bool shown; tc_logdump_filter_matches(filter, change, &shown);`
 */
tc_status tc_logdump_filter_matches(const tc_logdump_filter *filter, const tc_change *change, bool *matches);

/**
 * Appends to a buffer the FILTER commands that lead to the same filter.
 *
 * Threads: several at once, with a buffer each. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_logdump_filter_write(filter, text);`
 */
tc_status tc_logdump_filter_write(const tc_logdump_filter *filter, tc_buffer *buffer);

/**
 * Makes a reader of a trail's changes.
 *
 * Ownership: `*reader` is the caller's, to be freed with `tc_reader_free`. Threads: several at once may call it. `options` may
 * be NULL for the default; `error` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` where the options do not start with their size;
 * with a position to start from, `TC_ERR_INVALID_POSITION` where no record starts there, and what reading up to it gives.
 * Example: `tc_reader *reader; tc_reader_open(trail, NULL, &reader, &error);`
 */
tc_status tc_reader_open(const tc_trail *trail,
                         const tc_read_options *options,
                         tc_reader **reader,
                         tc_error **error);

/**
 * Frees a reader. NULL is fine. Its batches live on.
 *
 * Example: `tc_reader_free(reader);`
 */
void tc_reader_free(tc_reader *reader);

/**
 * The next changes, at most `most` of them: fewer where they have many bytes, at the end, and before an error, which the next
 * call gives. `*batch` is NULL at the end of the trail; a later call looks again whether there is more.
 *
 * After an error the same error comes again, but for those of a selection and `TC_ERR_CANCELLED`, behind which reading goes
 * on; after a torn tail it looks whether the file has grown.
 * Ownership: `*batch` is the caller's, to be freed with `tc_batch_free`. Threads: one at a time. `error` may be NULL.
 * Errors: `TC_ERR_TRUNCATED` where the last file ends inside a record, `TC_ERR_CORRUPT`, `TC_ERR_NOT_A_TRAIL`,
 * `TC_ERR_SEQUENCE_GAP`, `TC_ERR_UNDEFINED_TABLE`, `TC_ERR_UNDECIDABLE`, `TC_ERR_FILTER`, `TC_ERR_CANCELLED`, `TC_ERR_IO`;
 * `TC_ERR_BAD_ARGUMENT` where `most` is 0.
 * Example: `while (tc_reader_next_batch(reader, 1000, &batch, &error) == TC_OK && batch) { use(batch); tc_batch_free(batch); }`
 */
tc_status tc_reader_next_batch(tc_reader *reader,
                               size_t most,
                               tc_batch **batch,
                               tc_error **error);

/**
 * The next change, lent until the next call with the reader; `*change` is NULL at the end of the trail. Batches are quicker
 * by far; this is for convenience.
 *
 * Ownership: the change belongs to the reader. Threads: one at a time. `error` may be NULL. Errors: as `tc_reader_next_batch`.
 * Example: `while (tc_reader_next(reader, &change, &error) == TC_OK && change) use(change);`
 */
tc_status tc_reader_next(tc_reader *reader,
                         const tc_change **change,
                         tc_error **error);

/**
 * The position behind the last change that was read: where to go on reading later.
 *
 * Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_position next; tc_reader_position(reader, &next);`
 */
tc_status tc_reader_position(tc_reader *reader, tc_position *position);

/**
 * What the reader's selection has said of the changes so far; all zero without one.
 *
 * Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_counts counts; tc_reader_filter_counts(reader, &counts);`
 */
tc_status tc_reader_filter_counts(tc_reader *reader, tc_counts *counts);

/**
 * How many stretches were passed over so far. None but with `resync`.
 *
 * Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `size_t count; tc_reader_skipped_count(reader, &count);`
 */
tc_status tc_reader_skipped_count(tc_reader *reader, size_t *count);

/**
 * One of the stretches that were passed over, and in `*why` what was wrong there.
 *
 * Ownership: `*why` is the caller's, to be freed with `tc_error_free`; `why` may be NULL. Threads: one at a time. Errors:
 * `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_skipped gap; tc_error *why; tc_reader_skipped(reader, 0, &gap, &why);`
 */
tc_status tc_reader_skipped(tc_reader *reader,
                            size_t index,
                            tc_skipped *skipped,
                            tc_error **why);

/**
 * The table definitions met so far, of each table the latest, as a catalog.
 *
 * Ownership: `*tables` is the caller's, to be freed with `tc_catalog_free`. Threads: one at a time. Errors:
 * `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_catalog *tables; tc_reader_tables(reader, &tables);`
 */
tc_status tc_reader_tables(tc_reader *reader, tc_catalog **tables);

/**
 * The header of the file that is being read; `*header` is NULL before the first record, and for files without one.
 *
 * Ownership: `*header` is the caller's, to be freed with `tc_file_header_free`. Threads: one at a time. Errors:
 * `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_file_header *header; tc_reader_file_header(reader, &header);`
 */
tc_status tc_reader_file_header(tc_reader *reader,
                                tc_file_header **header);

/**
 * Makes a reader of a trail's records.
 *
 * Ownership: `*reader` is the caller's, to be freed with `tc_record_reader_free`. Threads: several at once may call it.
 * `options` may be NULL; of it count `resync`, `mapped` and `watch`. `error` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` where
 * the options do not start with their size.
 * Example: `tc_record_reader *records; tc_record_reader_open(trail, NULL, &records, &error);`
 */
tc_status tc_record_reader_open(const tc_trail *trail,
                                const tc_read_options *options,
                                tc_record_reader **reader,
                                tc_error **error);

/**
 * Frees a reader of records. NULL is fine.
 *
 * Example: `tc_record_reader_free(records);`
 */
void tc_record_reader_free(tc_record_reader *reader);

/**
 * The next record, lent until the next call with the reader; `*more` is false at the end of the trail.
 *
 * Threads: one at a time. `error` may be NULL. Errors: as `tc_reader_next_batch`, but for undefined tables and selections;
 * `TC_ERR_BAD_ARGUMENT` where `record` does not start with its size.
 * Example: `while (tc_record_reader_next(records, &record, &more, &error) == TC_OK && more) use(&record);`
 */
tc_status tc_record_reader_next(tc_record_reader *reader,
                                tc_record *record,
                                bool *more,
                                tc_error **error);

/**
 * How many stretches were passed over so far. None but with `resync`.
 *
 * Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `size_t count; tc_record_reader_skipped_count(records, &count);`
 */
tc_status tc_record_reader_skipped_count(tc_record_reader *reader, size_t *count);

/**
 * One of the stretches that were passed over, and in `*why` what was wrong there.
 *
 * Ownership: `*why` is the caller's, to be freed with `tc_error_free`; `why` may be NULL. Threads: one at a time. Errors:
 * `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_skipped gap; tc_error *why; tc_record_reader_skipped(records, 0, &gap, &why);`
 */
tc_status tc_record_reader_skipped(tc_record_reader *reader,
                                   size_t index,
                                   tc_skipped *skipped,
                                   tc_error **why);

/**
 * Reads all of a trail and says whether it is whole.
 *
 * Ownership: `*report` is the caller's, to be freed with `tc_report_free`. Threads: several at once may call it. `options` may be
 * NULL for the default; `error` may be NULL. Errors: what reading gives that is no damage, such as `TC_ERR_IO`.
 * Example: `tc_report *report; tc_trail_check(trail, NULL, &report, &error);`
 */
tc_status tc_trail_check(const tc_trail *trail,
                         const tc_read_options *options,
                         tc_report **report,
                         tc_error **error);

/**
 * Frees a report. NULL is fine.
 *
 * Example: `tc_report_free(report);`
 */
void tc_report_free(tc_report *report);

/**
 * What a trail that was checked holds.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where `facts` does not start with its size,
 * `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_report_facts facts; facts.size = sizeof facts; tc_report_facts_of(report, &facts);`
 */
tc_status tc_report_facts_of(const tc_report *report,
                             tc_report_facts *facts);

/**
 * One of the findings. Its texts live as long as the report.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and
 * those of handles.
 * Example: `tc_report_finding first; tc_report_finding_at(report, 0, &first);`
 */
tc_status tc_report_finding_at(const tc_report *report,
                               size_t index,
                               tc_report_finding *finding);

/**
 * Frees a row. NULL is fine.
 *
 * Example: `tc_row_free(row);`
 */
void tc_row_free(tc_row *row);

/**
 * Forgets all columns of a row, for use over and over.
 *
 * Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_row_clear(row);`
 */
tc_status tc_row_clear(tc_row *row);

/**
 * Sets a column of text: `length` bytes of UTF-8, which are written in the column's character set.
 *
 * Threads: one at a time. `error` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` where the table has no such column or it holds
 * no text, `TC_ERR_UNENCODABLE` where the text has a character that the set lacks, or is longer than an image has room for.
 * Example: `tc_row_text(row, "MEMO", "cash", 4, &error);`
 */
tc_status tc_row_text(tc_row *row,
                      const char *column,
                      const char *value,
                      size_t length,
                      tc_error **error);

/**
 * Sets a column of digits that is stored as text, from a text that ends with a NUL. The digits are kept as they are.
 *
 * Threads: one at a time. `error` may be NULL. Errors: as `tc_row_text`; the text must be a number.
 * Example: `tc_row_number(row, "CREDIT_LIMIT", "1500.50", &error);`
 */
tc_status tc_row_number(tc_row *row,
                        const char *column,
                        const char *digits,
                        tc_error **error);

/**
 * Sets a column that is stored as an integer. The number must have the column's scale or fit it exactly.
 *
 * Threads: one at a time. `error` may be NULL. Errors: as `tc_row_text`; `TC_ERR_UNENCODABLE` where it does not fit without loss.
 * Example: `tc_decimal amount = {1250, 0, 2}; tc_row_decimal(row, "AMOUNT", amount, &error);`
 */
tc_status tc_row_decimal(tc_row *row,
                         const char *column,
                         tc_decimal value,
                         tc_error **error);

/**
 * Sets a column that is stored as an integer to a whole number.
 *
 * Threads: one at a time. `error` may be NULL. Errors: as `tc_row_decimal`.
 * Example: `tc_row_i64(row, "POSTING_ID", 17, &error);`
 */
tc_status tc_row_i64(tc_row *row, const char *column, int64_t value, tc_error **error);

/**
 * Sets a column of dates from the trail's own text, `YYYY-MM-DD[:HH:MI:SS[.f...]]`.
 *
 * Threads: one at a time. `error` may be NULL. Errors: as `tc_row_text`; the text must be a date.
 * Example: `tc_row_datetime(row, "POSTED", "2024-03-01:09:15:01.250000", &error);`
 */
tc_status tc_row_datetime(tc_row *row, const char *column, const char *value, tc_error **error);

/**
 * Sets a column of bytes: binary, or of a type that is not understood.
 *
 * Threads: one at a time. `error` may be NULL. Errors: as `tc_row_text`.
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
 * Threads: one at a time. `error` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` where the table has no such column.
 * Example: `tc_row_null(row, "MEMO", &error);`
 */
tc_status tc_row_null(tc_row *row,
                      const char *column,
                      tc_error **error);

/**
 * Makes a TABLE statement for objects: `OWNER.OBJECT` or `CONTAINER.OWNER.OBJECT`, with `*` and `?`.
 *
 * Ownership: `*rule` is the caller's, to be freed with `tc_rule_free`. Any thread may call it. `error` may be NULL. Errors:
 * `TC_ERR_FILTER` where the text is no object name.
 * Example: `tc_rule_table("HR.EMP*", &rule, &error);`
 */
tc_status tc_rule_table(const char *objects,
                        tc_rule **rule,
                        tc_error **error);

/**
 * Makes a MAP statement from objects to a target.
 *
 * Ownership: `*rule` is the caller's, to be freed with `tc_rule_free`. Any thread may call it. `error` may be NULL. Errors: as
 * `tc_rule_table`.
 * Example: `tc_rule_map("HR.*", "COPY.*", &rule, &error);`
 */
tc_status tc_rule_map(const char *objects,
                      const char *target,
                      tc_rule **rule,
                      tc_error **error);

/**
 * Adds a FILTER: wanted are changes for which the expression is not zero. Several must all want a change.
 *
 * Threads: one at a time. `options` may be NULL for the default; `error` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` where the
 * options name an operation that FILTER does not tell apart, `TC_ERR_NULL_POINTER` and those of handles. The rule then is as
 * it was.
 * Example: `tc_rule_filter(rule, expr, NULL, &error);`
 */
tc_status tc_rule_filter(tc_rule *rule,
                         const tc_expr *expr,
                         const tc_filter_options *options,
                         tc_error **error);

/**
 * Adds a WHERE: wanted are changes for which the condition holds.
 *
 * Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_rule_where(rule, condition);`
 */
tc_status tc_rule_where(tc_rule *rule, const tc_condition *condition);

/**
 * Adds a list of columns: COLS, COLSEXCEPT or KEYCOLS.
 *
 * Threads: one at a time. `names` may be NULL where `count` is 0. Errors: `TC_ERR_BAD_ARGUMENT` where `kind` is none,
 * `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `const char *names[] = {"EMPNO", "SALARY"}; tc_rule_columns(rule, TC_COLUMNS_COLS, names, 2);`
 */
tc_status tc_rule_columns(tc_rule *rule,
                          tc_columns kind,
                          const char *const *names,
                          size_t count);

/**
 * Adds what is derived: columns (COLMAP) or tokens (TOKENS), by name and expression.
 *
 * Threads: one at a time. `names` and `values` may be NULL where `count` is 0. Errors: `TC_ERR_BAD_ARGUMENT` where `kind` is
 * none, `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_rule_derive(rule, TC_DERIVED_MORE_COLUMNS, names, values, 2);`
 */
tc_status tc_rule_derive(tc_rule *rule,
                         tc_derived kind,
                         const char *const *names,
                         const tc_expr *const *values,
                         size_t count);

/**
 * Appends a rule to a buffer as text.
 *
 * Threads: several at once, with a buffer each. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_rule_write(rule, text);`
 */
tc_status tc_rule_write(const tc_rule *rule, tc_buffer *buffer);

/**
 * Frees a rule. NULL is fine.
 *
 * Example: `tc_rule_free(rule);`
 */
void tc_rule_free(tc_rule *rule);

/**
 * Reads statements of a parameter file. Parameters that do not select changes are passed over.
 *
 * Ownership: `*select` is the caller's, to be freed with `tc_select_free`. Any thread may call it. `options` may be NULL for the
 * default; `error` may be NULL. Errors: `TC_ERR_FILTER` where the text is wrong, with all findings as diagnostics of the error.
 * Example: `tc_select_parse("TABLE HR.EMP, FILTER (SALARY > 1000);", NULL, &select, &error);`
 */
tc_status tc_select_parse(const char *source,
                          const tc_select_options *options,
                          tc_select **select,
                          tc_error **error);

/**
 * Reads a parameter file. Files that it includes are looked for in its own folder.
 *
 * Ownership: `*select` is the caller's, to be freed with `tc_select_free`. Any thread may call it. `options` may be NULL for the
 * default; `error` may be NULL. Errors: `TC_ERR_NOT_FOUND`, `TC_ERR_IO`; `TC_ERR_FILTER` where its text is wrong, as
 * `tc_select_parse`.
 * Example: `tc_select_open("dirprm/pump.prm", NULL, &select, &error);`
 */
tc_status tc_select_open(const char *file,
                         const tc_select_options *options,
                         tc_select **select,
                         tc_error **error);

/**
 * The same selection with other options, whatever they were; for one that was put together by calls too. `nonansi`, which is
 * about reading text, does not count here.
 *
 * Ownership: `*with` is the caller's, to be freed with `tc_select_free`; the first stays as it is. Threads: several at once may
 * call it. `options` may be NULL for the default. Errors: `TC_ERR_BAD_ARGUMENT` where the options do not start with their size,
 * `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_select_with(select, &options, &lenient);`
 */
tc_status tc_select_with(const tc_select *select,
                         const tc_select_options *options,
                         tc_select **with);

/**
 * Frees a selection. NULL is fine.
 *
 * Example: `tc_select_free(select);`
 */
void tc_select_free(tc_select *select);

/**
 * Appends a selection to a buffer as a parameter file, a statement a line.
 *
 * Threads: several at once, with a buffer each. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_select_write(select, text);`
 */
tc_status tc_select_write(const tc_select *select, tc_buffer *buffer);

/**
 * How many rules, TABLE and MAP statements, a selection has.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `size_t count; tc_select_rule_count(select, &count);`
 */
tc_status tc_select_rule_count(const tc_select *select, size_t *count);

/**
 * Appends a rule to a buffer, by the number that verdicts give it.
 *
 * Threads: several at once, with a buffer each. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many,
 * `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_select_write_rule(select, verdict.rule, text);`
 */
tc_status tc_select_write_rule(const tc_select *select, size_t rule, tc_buffer *buffer);

/**
 * Appends to a buffer the name of the object that a rule maps an object to: its own where the rule has no target. Of the
 * objects that there are, `known`, it is the one of that name, as the selection matches names; with none given, it is the name
 * as it comes out.
 *
 * Threads: several at once, with a buffer each. `known` may be NULL where `count` is 0; `error` may be NULL. Errors:
 * `TC_ERR_FILTER` where none of the known ones is it, `TC_ERR_BAD_ARGUMENT` where there is no such rule, `TC_ERR_NULL_POINTER`
 * and those of handles.
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
 * How many lints there are: what is doubtful in a selection's text.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `size_t count; tc_select_lint_count(select, &count);`
 */
tc_status tc_select_lint_count(const tc_select *select, size_t *count);

/**
 * One of the lints. Its texts live as long as the selection.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and
 * those of handles.
 * Example: `tc_diagnostic lint; tc_select_lint(select, 0, &lint);`
 */
tc_status tc_select_lint(const tc_select *select,
                         size_t index,
                         tc_diagnostic *lint);

/**
 * Appends the lints with their places to a buffer, as text for people; nothing where there are none.
 *
 * Threads: several at once, with a buffer each. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_select_write_lints(select, text);`
 */
tc_status tc_select_write_lints(const tc_select *select, tc_buffer *buffer);

/**
 * Appends to a buffer how a selection decides on one table: tests in their order, what each looks at, what is doubtful.
 *
 * Threads: several at once, with a buffer each. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_select_explain(select, info.table, text);`
 */
tc_status tc_select_explain(const tc_select *select,
                            const tc_table *table,
                            tc_buffer *buffer);

/**
 * Whether a selection fits a table: all columns that it names are there, and can be compared as it says.
 *
 * Threads: several at once may call it. `error` may be NULL. Errors: `TC_ERR_FILTER` where it does not fit, with all findings
 * as diagnostics of the error; `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `if (tc_select_check(select, info.table, &error) != TC_OK) puts(tc_error_message(error));`
 */
tc_status tc_select_check(const tc_select *select,
                          const tc_table *table,
                          tc_error **error);

/**
 * The decision by an object's name alone, with its operation and tag: what can be told without a record. Where it is to
 * accept, FILTER and WHERE may still turn changes away.
 *
 * Threads: several at once may call it, with a buffer each. `tag` may be NULL for none; `words`, to which the decision is
 * appended in words, may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` where `op` is none or `verdict` does not start with its size,
 * `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_select_decide_object(select, "HR.EMP", TC_OP_DELETE, NULL, &verdict, NULL);`
 */
tc_status tc_select_decide_object(const tc_select *select,
                                  const char *object,
                                  tc_op op,
                                  const char *tag,
                                  tc_verdict *verdict,
                                  tc_buffer *words);

/**
 * Makes a selector of a selection.
 *
 * Ownership: `*selector` is the caller's, to be freed with `tc_selector_free`. Threads: several at once may call it. Errors:
 * `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_selector *selector; tc_selector_new(select, &selector);`
 */
tc_status tc_selector_new(const tc_select *select,
                          tc_selector **selector);

/**
 * Frees a selector. NULL is fine.
 *
 * Example: `tc_selector_free(selector);`
 */
void tc_selector_free(tc_selector *selector);

/**
 * The decision on a change. All changes of a stream should come here in order: a transaction's tag stands in its first record
 * alone.
 *
 * Threads: one at a time. `words`, to which the decision is appended in words, may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` where
 * `verdict` does not start with its size, `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_verdict verdict; verdict.size = sizeof verdict; tc_selector_decide(selector, change, &verdict, NULL);`
 */
tc_status tc_selector_decide(tc_selector *selector,
                             const tc_change *change,
                             tc_verdict *verdict,
                             tc_buffer *words);

/**
 * The decisions of all rules that do not reject a change, in the order of the rules: for many rules on one stream, of which
 * few have something to say of a change. `*count` is how many there are, and at most `room` of them are put into `hits`. Rules
 * alone decide here: limits and tags of the selection do not count, nor do `tc_selector_counts`. Statements (DDL) meet none.
 *
 * Threads: one at a time. `hits` may be NULL where `room` is 0. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_hit hits[8]; size_t count; tc_selector_hits(selector, change, hits, 8, &count);`
 */
tc_status tc_selector_hits(tc_selector *selector,
                           const tc_change *change,
                           tc_hit *hits,
                           size_t room,
                           size_t *count);

/**
 * What the changes so far came to.
 *
 * Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_counts counts; tc_selector_counts(selector, &counts);`
 */
tc_status tc_selector_counts(tc_selector *selector, tc_counts *counts);

/**
 * Appends to a buffer what a rule hands on of a change, by its COLS, COLSEXCEPT, COLMAP and TOKENS, as one line of JSON:
 * `{"columns":{...},"tokens":{...}}`, with values as in the native JSON form.
 *
 * Threads: one at a time. `error` may be NULL. Errors: `TC_ERR_FILTER` where the rule is none or an expression fails,
 * `TC_ERR_UNDECIDABLE` where it needs what the trail does not tell.
 * Example: `tc_selector_project(selector, change, verdict.rule, line, &error);`
 */
tc_status tc_selector_project(tc_selector *selector,
                              const tc_change *change,
                              size_t rule,
                              tc_buffer *buffer,
                              tc_error **error);

/**
 * Makes the facts of a change of a table: all of its columns are missing.
 *
 * Ownership: `*facts` is the caller's, to be freed with `tc_facts_free`. Threads: several at once may call it. Errors:
 * `TC_ERR_BAD_ARGUMENT` where `op` is none, `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_facts *facts; tc_facts_new(TC_OP_INSERT, table, &facts);`
 */
tc_status tc_facts_new(tc_op op,
                       const tc_table *table,
                       tc_facts **facts);

/**
 * Frees facts. NULL is fine.
 *
 * Example: `tc_facts_free(facts);`
 */
void tc_facts_free(tc_facts *facts);

/**
 * Gives a column of an image a value, in JSON as the native form has it: `2000.50`, `"text"`, `null`, `{"$base64":"..."}`.
 *
 * Threads: one at a time. `error` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` where the table has no such column,
 * `TC_ERR_JSON` where the value is none, `TC_ERR_BAD_ARGUMENT` where `image` is none.
 * Example: `tc_facts_column(facts, TC_IMAGE_AFTER, "SALARY", "2000.50", &error);`
 */
tc_status tc_facts_column(tc_facts *facts,
                          tc_image image,
                          const char *column,
                          const char *json,
                          tc_error **error);

/**
 * Answers `@GETENV (group, item)`, with a value in JSON.
 *
 * Threads: one at a time. `error` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` where a change has no such item, `TC_ERR_JSON`
 * where the value is none.
 * Example: `tc_facts_environment(facts, "GGHEADER", "OPTYPE", "\"INSERT\"", &error);`
 */
tc_status tc_facts_environment(tc_facts *facts,
                               const char *group,
                               const char *item,
                               const char *json,
                               tc_error **error);

/**
 * Answers `@TOKEN (name)`.
 *
 * Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_facts_token(facts, "TK-HOST", "north");`
 */
tc_status tc_facts_token(tc_facts *facts, const char *name, const char *value);

/**
 * The decision of a selection on facts.
 *
 * Threads: several at once may call it, with a buffer each. `words`, to which the decision is appended in words, may be NULL.
 * Errors: `TC_ERR_BAD_ARGUMENT` where `verdict` does not start with its size, `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_select_decide_facts(select, facts, &verdict, NULL);`
 */
tc_status tc_select_decide_facts(const tc_select *select,
                                 const tc_facts *facts,
                                 tc_verdict *verdict,
                                 tc_buffer *words);

/**
 * The name of a status, such as `TC_ERR_CORRUPT`: text that ends with a NUL and lives for ever. Of a number that is none,
 * `unknown`.
 *
 * Any thread may call it. No errors.
 * Example: `fprintf(stderr, "%s\n", tc_status_name(status));`
 */
const char *tc_status_name(int32_t status);

/**
 * Counts the changes of a trail, or of what the options select. Columns are not looked at.
 *
 * Ownership: `*summary` is the caller's, to be freed with `tc_summary_free`. Threads: several at once may call it. `options` may
 * be NULL for the default; `error` may be NULL. Errors: what reading gives.
 * Example: `tc_summary *summary; tc_trail_summary(trail, NULL, &summary, &error);`
 */
tc_status tc_trail_summary(const tc_trail *trail,
                           const tc_read_options *options,
                           tc_summary **summary,
                           tc_error **error);

/**
 * Frees a summary. NULL is fine.
 *
 * Example: `tc_summary_free(summary);`
 */
void tc_summary_free(tc_summary *summary);

/**
 * What was counted, all tables together.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where `facts` does not start with its size,
 * `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_summary_facts facts; facts.size = sizeof facts; tc_summary_facts_of(summary, &facts);`
 */
tc_status tc_summary_facts_of(const tc_summary *summary,
                              tc_summary_facts *facts);

/**
 * What was counted of one table, in the order of their names. Its texts live as long as the summary.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and
 * those of handles.
 * Example: `tc_table_counts counts; tc_summary_table(summary, i, &counts); inserts += counts.ops[TC_OP_INSERT];`
 */
tc_status tc_summary_table(const tc_summary *summary,
                           size_t index,
                           tc_table_counts *counts);

/**
 * The definitions met, of each table the latest.
 *
 * Ownership: `*tables` is the caller's, to be freed with `tc_catalog_free`. Threads: several at once may call it. Errors:
 * `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_catalog *tables; tc_summary_tables(summary, &tables);`
 */
tc_status tc_summary_tables(const tc_summary *summary,
                            tc_catalog **tables);

/**
 * One of the stretches that were passed over, and in `*why` what was wrong there.
 *
 * Ownership: `*why` is the caller's, to be freed with `tc_error_free`; `why` may be NULL. Threads: several at once may call it.
 * Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_skipped gap; tc_error *why; tc_summary_skipped(summary, 0, &gap, &why);`
 */
tc_status tc_summary_skipped(const tc_summary *summary,
                             size_t index,
                             tc_skipped *skipped,
                             tc_error **why);

/**
 * Makes the definition of a table from its columns, in their order.
 *
 * Ownership: `*table` is the caller's, to be freed with `tc_table_free`; name and columns are copied. Any thread may call it.
 * `error` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` where a kind is none.
 * Example: `tc_column_spec id = {"ID", TC_KIND_INTEGER, 0, 0, 0, 0, false, true, NULL}; tc_table_new("A.B", &id, 1, &table, NULL);`
 */
tc_status tc_table_new(const char *name,
                       const tc_column_spec *columns,
                       size_t count,
                       tc_table **table,
                       tc_error **error);

/**
 * Keeps a definition that is lent: `*copy` is the same definition, and the caller's.
 *
 * Ownership: free `*copy` with `tc_table_free`. Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those
 * of handles.
 * Example: `tc_table *kept; tc_table_clone(info.table, &kept);`
 */
tc_status tc_table_clone(const tc_table *table,
                         tc_table **copy);

/**
 * Frees a definition that is the caller's. NULL is fine; one that is lent is left alone.
 *
 * Example: `tc_table_free(kept);`
 */
void tc_table_free(tc_table *table);

/**
 * The table's name as the source has it: parts joined by `.`, case kept. It lives as long as the table.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_str name; tc_table_name(info.table, &name);`
 */
tc_status tc_table_name(const tc_table *table, tc_str *name);

/**
 * Whether the table's columns are known. Of others, rows show columns by number only: `COL0`, `COL1` and so on.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `bool known; tc_table_is_defined(info.table, &known);`
 */
tc_status tc_table_is_defined(const tc_table *table,
                              bool *defined);

/**
 * How many columns the table has.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `size_t count; tc_table_column_count(info.table, &count);`
 */
tc_status tc_table_column_count(const tc_table *table, size_t *count);

/**
 * The definition of a column by its index. Its name lives as long as the table.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where there is no such column or `column` does not
 * start with its size, `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_column_def def; def.size = sizeof def; tc_table_column(info.table, 0, &def);`
 */
tc_status tc_table_column(const tc_table *table,
                          size_t index,
                          tc_column_def *column);

/**
 * The index of a column by its name: the exact one, or else the only one that differs in case alone.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where there is no such column, `TC_ERR_NULL_POINTER`
 * and those of handles.
 * Example: `size_t amount; tc_table_find_column(info.table, "AMOUNT", &amount);`
 */
tc_status tc_table_find_column(const tc_table *table,
                               const char *name,
                               size_t *index);

/**
 * Reads a position, `SEQNO:RBA`.
 *
 * Any thread may call it. `error` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` where the text is none.
 * Example: `tc_position from; tc_position_parse("12:1956", &from, NULL);`
 */
tc_status tc_position_parse(const char *source, tc_position *position, tc_error **error);

/**
 * Reads a time in UTC, `YYYY-MM-DD[THH:MM:SS[.ffffff]][Z]`, as microseconds since 1970.
 *
 * Any thread may call it. `error` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` where the text is none.
 * Example: `int64_t since; tc_time_parse("2024-03-01T12:00:00Z", &since, NULL);`
 */
tc_status tc_time_parse(const char *source, int64_t *micros, tc_error **error);

/**
 * Appends a time in UTC, given as microseconds since 1970, as `YYYY-MM-DDTHH:MM:SS.ffffffZ`.
 *
 * Threads: one at a time for a buffer. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_time_write(info.time, line);`
 */
tc_status tc_time_write(int64_t micros, tc_buffer *buffer);

/**
 * Compares two commit sequence numbers: `*order` is below, at or above 0 as `left` is before, at or behind `right`.
 *
 * Any thread may call it. `error` may be NULL. Errors: `TC_ERR_VALUE` where the two have different forms, so that their order
 * is not known.
 * Example: `int32_t order; tc_csn_compare("999", "7824137832", &order, NULL);`
 */
tc_status tc_csn_compare(const char *left,
                         const char *right,
                         int32_t *order,
                         tc_error **error);

/**
 * Opens the trail at a path: a file, a prefix such as `dirdat/lt`, or a directory that holds one trail.
 *
 * Ownership: `*trail` is the caller's, to be freed with `tc_trail_free`. Any thread may call it. `error` may be NULL. Errors:
 * `TC_ERR_NOT_FOUND` where none lies there, `TC_ERR_INVALID_ARGUMENT` where a directory holds several, `TC_ERR_IO`.
 * Example: `tc_trail *trail; tc_error *error; if (tc_trail_open("dirdat/lt", &trail, &error) != TC_OK) fail(error);`
 */
tc_status tc_trail_open(const char *place,
                        tc_trail **trail,
                        tc_error **error);

/**
 * Opens a trail of these files alone, in the order of the numbers in their names; where a name has none, as they are listed.
 *
 * Ownership: `*trail` is the caller's, to be freed with `tc_trail_free`. Any thread may call it. `error` may be NULL. Errors:
 * `TC_ERR_NOT_FOUND` where one is no file, `TC_ERR_INVALID_ARGUMENT` where none is listed or a number comes twice.
 * Example: `const char *files[] = {"lt000000007", "lt000000008"}; tc_trail_open_files(files, 2, &trail, &error);`
 */
tc_status tc_trail_open_files(const char *const *files,
                              size_t count,
                              tc_trail **trail,
                              tc_error **error);

/**
 * Opens a trail whose files lie in memory, in order. They are read in place, and must stay as they are until `release` is
 * called, or, without it, until the trail, its readers and their batches are freed. Where the call fails, `release` is called
 * before it returns.
 *
 * Ownership: `*trail` is the caller's, to be freed with `tc_trail_free`. Any thread may call it. `release`, `user` and `error`
 * may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` where no file is given.
 * Example: `tc_memory_file file = {"lt000000000", bytes, length}; tc_trail_open_memory(&file, 1, free, bytes, &trail, &error);`
 */
tc_status tc_trail_open_memory(const tc_memory_file *files,
                               size_t count,
                               tc_release release,
                               void *user,
                               tc_trail **trail,
                               tc_error **error);

/**
 * Opens a trail whose files the caller reads, in order. The structs are copied. Where the call fails, no `release` is called.
 *
 * Ownership: `*trail` is the caller's, to be freed with `tc_trail_free`. Any thread may call it. `error` may be NULL. Errors:
 * `TC_ERR_BAD_ARGUMENT` where no source is given, or one does not start with its size or has no `length` or `read`.
 * Example: `const tc_source *sources[] = {&source}; tc_trail_open_sources(sources, 1, &trail, &error);`
 */
tc_status tc_trail_open_sources(const tc_source *const *sources,
                                size_t count,
                                tc_trail **trail,
                                tc_error **error);

/**
 * Frees a trail. NULL is fine. Its readers live on.
 *
 * Example: `tc_trail_free(trail);`
 */
void tc_trail_free(tc_trail *trail);

/**
 * How many bytes the trail's files have now.
 *
 * Threads: several at once may call it. `error` may be NULL. Errors: `TC_ERR_IO`.
 * Example: `uint64_t size; tc_trail_size(trail, &size, &error);`
 */
tc_status tc_trail_size(const tc_trail *trail, uint64_t *size, tc_error **error);

/**
 * How many files the trail has.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `size_t count; tc_trail_file_count(trail, &count);`
 */
tc_status tc_trail_file_count(const tc_trail *trail, size_t *count);

/**
 * One of the trail's files, in the order in which they are read. Its path lives as long as the trail.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and
 * those of handles.
 * Example: `tc_file first; tc_trail_file(trail, 0, &first);`
 */
tc_status tc_trail_file(const tc_trail *trail,
                        size_t index,
                        tc_file *file);

/**
 * The header of one of the trail's files; `*header` is NULL for a file without one that is understood. Reads the first record
 * of each file.
 *
 * Ownership: `*header` is the caller's, to be freed with `tc_file_header_free`. Threads: several at once may call it. `error` may
 * be NULL. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many files, `TC_ERR_IO`, `TC_ERR_NOT_FOUND`.
 * Example: `tc_file_header *header; tc_trail_file_header(trail, 0, &header, &error);`
 */
tc_status tc_trail_file_header(const tc_trail *trail,
                               size_t index,
                               tc_file_header **header,
                               tc_error **error);

/**
 * How many gaps there are between the numbers of the trail's files.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `size_t count; tc_trail_gap_count(trail, &count);`
 */
tc_status tc_trail_gap_count(const tc_trail *trail, size_t *count);

/**
 * One of the gaps between the numbers of the trail's files.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and
 * those of handles.
 * Example: `tc_gap gap; tc_trail_gap(trail, 0, &gap);`
 */
tc_status tc_trail_gap(const tc_trail *trail,
                       size_t index,
                       tc_gap *gap);

/**
 * Finds the first change whose transaction has this CSN or a later one. `*found` is false where there is none.
 *
 * Threads: several at once may call it. `options` may be NULL; of it count those that say how to read. `error` may be NULL.
 * Errors: what reading gives.
 * Example: `tc_position from; bool found; tc_trail_find_csn(trail, "7824137847", NULL, &from, &found, &error);`
 */
tc_status tc_trail_find_csn(const tc_trail *trail,
                            const char *csn,
                            const tc_read_options *options,
                            tc_position *position,
                            bool *found,
                            tc_error **error);

/**
 * Finds the first change of this time or later, in microseconds since 1970, UTC. `*found` is false where there is none.
 *
 * Threads: several at once may call it. `options` may be NULL; of it count those that say how to read. `error` may be NULL.
 * Errors: what reading gives.
 * Example: `tc_trail_find_time(trail, since, NULL, &from, &found, &error);`
 */
tc_status tc_trail_find_time(const tc_trail *trail,
                             int64_t micros,
                             const tc_read_options *options,
                             tc_position *position,
                             bool *found,
                             tc_error **error);

/**
 * The version of the library in use, as one number like `TC_VERSION_NUMBER`.
 *
 * Any thread may call it. No errors.
 * Example: `if (tc_version_number() < TC_VERSION_NUMBER) fprintf(stderr, "the library is older than the program\n");`
 */
uint32_t tc_version_number(void);

/**
 * The version of the library in use, as text that ends with a NUL and lives for ever.
 *
 * Any thread may call it. No errors.
 * Example: `printf("trailcore %s\n", tc_version());`
 */
const char *tc_version(void);

/**
 * Makes a writer of files named by a prefix, such as `dirdat/lt`, and their number. Files of the same name are replaced, the
 * first when something is written.
 *
 * Ownership: `*writer` is the caller's, to be freed with `tc_writer_free`. Any thread may call it. `options` may be NULL for the
 * default; `error` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` where an option has a value that it cannot have.
 * Example: `tc_writer *writer; tc_writer_create("out/lt", NULL, &writer, &error);`
 */
tc_status tc_writer_create(const char *prefix,
                           const tc_writer_options *options,
                           tc_writer **writer,
                           tc_error **error);

/**
 * Makes a writer of files in memory, which `tc_writer_file` gives once it is finished.
 *
 * Ownership: `*writer` is the caller's, to be freed with `tc_writer_free`. Any thread may call it. `options` may be NULL for the
 * default; `error` may be NULL. Errors: as `tc_writer_create`.
 * Example: `tc_writer *writer; tc_writer_new_in_memory("lt", NULL, &writer, &error);`
 */
tc_status tc_writer_new_in_memory(const char *prefix,
                                  const tc_writer_options *options,
                                  tc_writer **writer,
                                  tc_error **error);

/**
 * Frees a writer. NULL is fine. What was not finished stays incomplete.
 *
 * Example: `tc_writer_free(writer);`
 */
void tc_writer_free(tc_writer *writer);

/**
 * Makes a row of a table, for a writer like this one: without columns, to be filled by `tc_row_text` and the like, written,
 * cleared and filled again.
 *
 * Ownership: `*row` is the caller's, to be freed with `tc_row_free`; it needs neither writer nor table any more. Threads: one at
 * a time. Errors: `TC_ERR_BAD_ARGUMENT` where the writer is finished, `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `tc_row *row; tc_writer_row(writer, table, &row);`
 */
tc_status tc_writer_row(tc_writer *writer,
                        const tc_table *table,
                        tc_row **row);

/**
 * Begins a transaction with its commit sequence number, its id, and its time in microseconds since 1970, UTC.
 *
 * Threads: one at a time. `error` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` where one is open, `TC_ERR_BAD_ARGUMENT` where
 * the writer is finished.
 * Example: `tc_writer_begin(writer, "7824140001", "4.17.220311", 1709284502000000, &error);`
 */
tc_status tc_writer_begin(tc_writer *writer,
                          const char *csn,
                          const char *xid,
                          int64_t micros,
                          tc_error **error);

/**
 * Ends the transaction. One without changes leaves nothing in the trail.
 *
 * Threads: one at a time. `error` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` where none is open, `TC_ERR_IO`,
 * `TC_ERR_UNENCODABLE`.
 * Example: `tc_writer_commit(writer, &error);`
 */
tc_status tc_writer_commit(tc_writer *writer,
                           tc_error **error);

/**
 * Leaves the transaction unfinished and writes a marker (RestartAbend) that takes it back.
 *
 * Threads: one at a time. `error` may be NULL. Errors: as `tc_writer_commit`.
 * Example: `tc_writer_abend(writer, &error);`
 */
tc_status tc_writer_abend(tc_writer *writer, tc_error **error);

/**
 * Adds one of GoldenGate's own tokens to the next change, beside CSN and transaction id.
 *
 * Threads: one at a time. `body` may be NULL where `length` is 0; `error` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` where the
 * writer is finished.
 * Example: `tc_writer_token(writer, 'R', 0, rowid, 20, &error);`
 */
tc_status tc_writer_token(tc_writer *writer,
                          uint8_t id,
                          uint8_t info,
                          const uint8_t *body,
                          size_t length,
                          tc_error **error);

/**
 * Sets the user token area of the next change, as it stands.
 *
 * Threads: one at a time. `area` may be NULL where `length` is 0; `error` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` where the
 * writer is finished.
 * Example: `tc_writer_user_tokens(writer, area, length, &error);`
 */
tc_status tc_writer_user_tokens(tc_writer *writer,
                                const uint8_t *area,
                                size_t length,
                                tc_error **error);

/**
 * Writes a change that was read, in its transaction, with its CSN and id, time, tokens, images and fragments: a trail that was
 * filtered is handed on. Transactions are begun and committed as the changes say; behind the last change, `tc_writer_commit`
 * ends one that `tc_writer_is_in_transaction` says is open.
 *
 * Threads: one at a time. `error` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` for what is no change, `TC_ERR_UNENCODABLE` where
 * an image cannot be put into the writer's byte order, and as `tc_writer_insert`.
 * Example: `tc_writer_write(writer, change, &error);`
 */
tc_status tc_writer_write(tc_writer *writer,
                          const tc_change *change,
                          tc_error **error);

/**
 * Whether a transaction is open.
 *
 * Threads: one at a time. Errors: `TC_ERR_BAD_ARGUMENT` where the writer is finished, `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `bool open; if (tc_writer_is_in_transaction(writer, &open) == TC_OK && open) tc_writer_commit(writer, &error);`
 */
tc_status tc_writer_is_in_transaction(tc_writer *writer,
                                      bool *open);

/**
 * Writes a new row. The row may be changed or freed after the call.
 *
 * Threads: one at a time. `error` may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` without a transaction, `TC_ERR_BAD_ARGUMENT`
 * where the row is none of the table's, `TC_ERR_IO`, `TC_ERR_UNENCODABLE`.
 * Example: `tc_writer_insert(writer, table, row, &error);`
 */
tc_status tc_writer_insert(tc_writer *writer,
                           const tc_table *table,
                           tc_row *after,
                           tc_error **error);

/**
 * Writes that a row is gone.
 *
 * Threads: one at a time. `error` may be NULL. Errors: as `tc_writer_insert`.
 * Example: `tc_writer_delete(writer, table, row, &error);`
 */
tc_status tc_writer_delete(tc_writer *writer, const tc_table *table, tc_row *before, tc_error **error);

/**
 * Writes that a row has other values. The row before does not count for `TC_UPDATE_AFTER_ONLY`.
 *
 * Threads: one at a time. `error` may be NULL. Errors: as `tc_writer_insert`; `TC_ERR_BAD_ARGUMENT` where `style` is none.
 * Example: `tc_writer_update(writer, table, TC_UPDATE_UNIFIED, before, after, &error);`
 */
tc_status tc_writer_update(tc_writer *writer,
                           const tc_table *table,
                           tc_update_style style,
                           tc_row *before,
                           tc_row *after,
                           tc_error **error);

/**
 * Writes that a row has another key: `key` holds the old key columns.
 *
 * Threads: one at a time. `error` may be NULL. Errors: as `tc_writer_insert`.
 * Example: `tc_writer_pk_update(writer, table, key, after, &error);`
 */
tc_status tc_writer_pk_update(tc_writer *writer,
                              const tc_table *table,
                              tc_row *key,
                              tc_row *after,
                              tc_error **error);

/**
 * Writes that a row has another key, with both images in one record.
 *
 * Threads: one at a time. `error` may be NULL. Errors: as `tc_writer_insert`.
 * Example: `tc_writer_unified_pk_update(writer, table, before, after, &error);`
 */
tc_status tc_writer_unified_pk_update(tc_writer *writer,
                                      const tc_table *table,
                                      tc_row *before,
                                      tc_row *after,
                                      tc_error **error);

/**
 * Writes that all rows of a table are gone.
 *
 * Threads: one at a time. `error` may be NULL. Errors: as `tc_writer_insert`.
 * Example: `tc_writer_truncate(writer, table, &error);`
 */
tc_status tc_writer_truncate(tc_writer *writer, const tc_table *table, tc_error **error);

/**
 * Writes a statement, with the text that GoldenGate makes of it.
 *
 * Threads: one at a time. `error` may be NULL. Errors: as `tc_writer_insert`.
 * Example: `tc_writer_ddl(writer, "BANK", "RATES", ",C1='CREATE TABLE ...',", &error);`
 */
tc_status tc_writer_ddl(tc_writer *writer,
                        const char *owner,
                        const char *object,
                        const char *statement,
                        tc_error **error);

/**
 * Writes a large-object fragment of the last row. How fragments are laid out is not known: the bytes are the caller's.
 *
 * Threads: one at a time. `data` may be NULL where `length` is 0; `error` may be NULL. Errors: as `tc_writer_insert`; there must
 * be a row.
 * Example: `tc_writer_lob_fragment(writer, bytes, length, &error);`
 */
tc_status tc_writer_lob_fragment(tc_writer *writer,
                                 const uint8_t *data,
                                 size_t length,
                                 tc_error **error);

/**
 * Writes a marker: a record of any type without a table, such as 150 RestartAbend, 151 RestartOK, 152 RecoveryEnd.
 *
 * Threads: one at a time. `error` may be NULL. Errors: `TC_ERR_IO`, `TC_ERR_UNENCODABLE`, `TC_ERR_BAD_ARGUMENT` where the writer
 * is finished.
 * Example: `tc_writer_marker(writer, 151, now, &error);`
 */
tc_status tc_writer_marker(tc_writer *writer,
                           uint8_t record_type,
                           int64_t micros,
                           tc_error **error);

/**
 * Writes everything out. Nothing more can be written then; `tc_writer_file` tells the files.
 *
 * Threads: one at a time. `unfinished` says that an open transaction is written out as it is, for tests of torn trails. `error`
 * may be NULL. Errors: `TC_ERR_INVALID_ARGUMENT` where a transaction is open, after which the writer is finished too;
 * `TC_ERR_BAD_ARGUMENT` where it was finished before; `TC_ERR_IO`.
 * Example: `tc_writer_finish(writer, false, &error);`
 */
tc_status tc_writer_finish(tc_writer *writer,
                           bool unfinished,
                           tc_error **error);

/**
 * How many files a finished writer has written; 0 before.
 *
 * Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
 * Example: `size_t count; tc_writer_file_count(writer, &count);`
 */
tc_status tc_writer_file_count(const tc_writer *writer, size_t *count);

/**
 * One of the files that a finished writer has written: its name, or of files on disk its path, and of a file in memory its
 * bytes. Both live as long as the writer.
 *
 * Threads: several at once may call it. `bytes` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many,
 * `TC_ERR_NULL_POINTER` and those of handles.
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
