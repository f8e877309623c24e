//! Operations.

use std::ffi::c_char;

use trailcore::Op;

use crate::failure::{Failure, Outcome};

/// The operation of a change.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_op {
    // generated: values of the core
    /// A new row.
    TC_OP_INSERT = 0,
    /// A row with the same key and other values.
    TC_OP_UPDATE = 1,
    /// A row with another key.
    TC_OP_PK_UPDATE = 2,
    /// A deleted row.
    TC_OP_DELETE = 3,
    /// All rows of the table are deleted.
    TC_OP_TRUNCATE = 4,
    /// A DDL change of a definition.
    TC_OP_DDL = 5,
    /// Not a change: a database or table definition. Only returned on request.
    TC_OP_METADATA = 6,
    /// Not a change: a marker, or a record of an unknown type. Only returned on request.
    TC_OP_OTHER = 7,
    // end of generated
}

/// A `tc_op` from C, which can have any value.
pub type RawOp = u32;

impl tc_op {
    pub(crate) fn of(op: Op) -> Self {
        match op {
            // generated: conversion of the core
            Op::Insert => Self::TC_OP_INSERT,
            Op::Update => Self::TC_OP_UPDATE,
            Op::PkUpdate => Self::TC_OP_PK_UPDATE,
            Op::Delete => Self::TC_OP_DELETE,
            Op::Truncate => Self::TC_OP_TRUNCATE,
            Op::Ddl => Self::TC_OP_DDL,
            Op::Metadata => Self::TC_OP_METADATA,
            Op::Other => Self::TC_OP_OTHER,
            // end of generated
        }
    }

    /// Converts a number from C.
    pub(crate) fn read(number: RawOp) -> Outcome<Op> {
        let found = Op::ALL.into_iter().find(|op| Self::of(*op) as u32 == number);
        found.ok_or_else(|| Failure::argument(format!("{number} is not a tc_op")))
    }
}

/// Returns the name of an operation in the native JSON form, such as `pk_update`: static text that ends with a NUL. Returns
/// `unknown` for an unknown number.
///
/// No errors.
/// Example: `printf("%s\n", tc_op_name(info.op));`
#[unsafe(no_mangle)]
pub extern "C" fn tc_op_name(op: RawOp) -> *const c_char {
    let names = [c"insert", c"update", c"pk_update", c"delete", c"truncate", c"ddl", c"metadata", c"other"];
    names.get(op as usize).copied().unwrap_or(c"unknown").as_ptr()
}
