//! The names that nearly all files of exported functions use.

pub(crate) use crate::boundary::fallible;
pub(crate) use crate::buffer::{give_optional, give_to, tc_buffer};
pub(crate) use crate::error::{tc_diagnostic, tc_error};
pub(crate) use crate::failure::{Failure, Outcome, status};
pub(crate) use crate::handle::{self, Handle, borrow, borrow_mut, borrow_mut_optional, borrow_optional, into_raw};
pub(crate) use crate::status::tc_status;
pub(crate) use crate::text::{
    Flag, VersionedStruct, array, fill_struct, give, optional_text, out, path, read_struct, tc_bytes, tc_str, text, write_struct,
    zero_on_error,
};
