#!/usr/bin/env python3
"""Writes a C program that calls every function of the header with NULL for each pointer in turn, and with an object of
another kind for each object: a status is wanted, and no crash.

    pointers.py include/trailcore.h > pointers.c

`error` may always be NULL. Which other pointers may be NULL is read from the comments: "`name` may be NULL".
"""

import re
import sys

HANDLES = {
    "trail", "reader", "block", "change", "table", "record_reader", "catalog", "select", "selector", "arrow_batches",
    "logdump_filter", "file_header", "writer", "row", "tail", "delivery", "hub", "pipelines", "buffer", "error",
}

# Values of arguments whose value does not matter here, by name, if the type is not enough.
BY_NAME = {
    "options": '"{}"', "arrow": '"{}"',
    "source": '"TABLE A.B;"', "objects": '"A.B"', "csn": '"1"', "filter": '"1 > 0"', "where_": '"A = 1"',
    "left": '"1"', "right": '"2"', "json": '"1"', "digits": '"1"', "column": '"AMOUNT"', "file": '"no/such/file"',
    "count": "1", "length": "0", "room": "1", "most": "1", "what": '"A.B"', "place": '"no/such/trail"', "checkpoint": '"no/such/checkpoint"', "tag": '"AB"',
    "function": '"STRLEN"', "object": '"A.B"', "group": '"GGHEADER"', "item": '"OPTYPE"', "name": '"AMOUNT"',
}


def functions(header):
    """Each function: comment, result, name, parameters as (type, name)."""
    pattern = re.compile(r"/\*\*\n((?: \*[^\n]*\n)*?) \*/\n([\w ]+?[ *]+)(tc_\w+)\(([^;]*?)\);")
    for comment, result, name, parameters in pattern.findall(header):
        parsed = []
        for parameter in re.sub(r"\s+", " ", parameters).split(","):
            parameter = parameter.strip()
            if parameter == "void":
                continue
            match = re.match(r"(.*?)(\w+)$", parameter)
            parsed.append((match.group(1).strip(), match.group(2)))
        yield comment, result.strip(), name, parsed


def handle_of(kind):
    match = re.fullmatch(r"(?:const )?tc_(\w+) \*", kind)
    return match.group(1) if match and match.group(1) in HANDLES else None


def value(function, kind, name, index):
    handle = handle_of(kind)
    if handle:
        expression = f"f.{handle}"
        return f"({kind}){expression}"
    if name == "source" and function in ("tc_position_parse", "tc_time_parse", "tc_logdump_filter_parse"):
        return {"tc_position_parse": '"1:2"', "tc_time_parse": '"2024-03-01"', "tc_logdump_filter_parse": '"FILTER RBA 1"'}[function]
    if name == "column" and kind == "const tc_column *":
        return "&a_column"
    if function == "tc_column_datetime" and name == "column":
        return "&a_column"
    if kind in ("const tc_op *", "const tc_column_spec *", "const tc_memory_file *"):
        return "some_" + {"const tc_op *": "ops", "const tc_column_spec *": "columns", "const tc_memory_file *": "files"}[kind]
    if kind.endswith("**") or kind.endswith("*const *"):
        if "char" in kind:
            return "some_texts"
        if name == "sources":
            return "some_sources"
        return f"({kind})(scratch + {index})"
    if kind.endswith("*"):
        if kind == "const char *" or kind == "const char*":
            return BY_NAME.get(name, '"A.B"')
        return f"({kind})(sized + {64 * index})"
    if kind in ("tc_release", "tc_log_callback", "tc_deliver"):
        return "NULL"
    if kind in ("tc_decimal", "tc_position"):
        return f"a_{kind[3:]}"
    return f"({kind}){BY_NAME.get(name, '0')}" if not BY_NAME.get(name, "0").startswith('"') else f"({kind})0"


def main():
    header = open(sys.argv[1], encoding="utf-8").read()
    lines = []
    null_calls = wrong_calls = 0
    for comment, result, name, parameters in functions(header):
        flat = re.sub(r"\s*\n \*\s*", " ", comment)
        pointers = [i for i, (kind, _) in enumerate(parameters) if kind.endswith("*")]
        for index in pointers:
            kind, parameter = parameters[index]
            may_be_null = parameter == "error" or re.search(rf"`{parameter}`[^.:]*may be NULL", flat)
            arguments = ["NULL" if i == index else value(name, *parameters[i], i) for i in range(len(parameters))]
            call = f"{name}({', '.join(arguments)})"
            null_calls += 1
            lines.append("    reset();")
            if result == "void":
                lines.append(f"    {call};")
            elif result == "tc_status" and not may_be_null:
                lines.append(f"    GIVES(TC_ERR_NULL_POINTER, {call});")
            else:
                lines.append(f"    (void){call};")
            other = "f.trail" if handle_of(kind) != "trail" else "f.buffer"
            if handle_of(kind):
                arguments[index] = f"({kind})(const void *){other}"
                call = f"{name}({', '.join(arguments)})"
                wrong_calls += 1
                lines.append("    reset();")
                if result == "tc_status":
                    lines.append(f"    GIVES(TC_ERR_WRONG_HANDLE, {call});")
                else:
                    lines.append(f"    (void){call};" if result != "void" else f"    {call};")
    print('''/* Written by pointers.py. */
#include "fixtures.h"

int checks;
static void *scratch[16];
static size_t sized[512]; /* a part of 64 for each argument */
static const char *some_texts[] = {"no/such/file"};
static tc_column a_column;
static fixtures f;

static int64_t no_length(void *user) { (void)user; return 0; }
static int64_t no_read(void *user, uint8_t *into, size_t length, uint64_t offset) {
    (void)user; (void)into; (void)length; (void)offset; return 0;
}
static tc_source a_source;
static const tc_source *some_sources[] = {&a_source};
static const tc_op some_ops[] = {TC_OP_INSERT};
static const tc_column_spec some_columns[] = {{"ID", TC_KIND_INTEGER, 0, 0, 0, 0, false, true, NULL}};
static const tc_memory_file some_files[] = {{"aa000000000", NULL, 0}};
static tc_decimal a_decimal;
static tc_position a_position;

/* Places for results: of structs that start with their size, of any size. */
static void reset(void) {
    memset(scratch, 0, sizeof scratch);
    memset(sized, 0, sizeof sized);
    for (size_t i = 0; i < 512; i += 64) sized[i] = 64;
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    a_source.size = sizeof a_source;
    a_source.name = "aa000000000";
    a_source.length = no_length;
    a_source.read = no_read;
    f = make_fixtures(arguments[1]);
    a_column.type = TC_TYPE_DATETIME;''')
    print("\n".join(lines))
    print(f'''    /* The objects still are what they were. */
    size_t files;
    OK(tc_trail_file_count(f.trail, &files));
    free_fixtures(&f);
    printf("{null_calls} calls with NULL, {wrong_calls} with another object\\n");
    (void)a_decimal; (void)a_position; (void)some_texts; (void)some_ops; (void)some_columns; (void)some_files; (void)some_sources;
    return 0;
}}''')


if __name__ == "__main__":
    main()
