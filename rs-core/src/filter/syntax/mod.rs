//! Parses text into trees: lexer, macros, parameter files, statements, expressions, diagnostics.

pub(crate) mod comments;
pub(crate) mod ddl;
pub(crate) mod diagnostic;
pub(crate) mod escapes;
pub(crate) mod expr;
pub(crate) mod function;
pub(crate) mod lexer;
pub(crate) mod macros;
pub(crate) mod names;
pub(crate) mod outline;
pub(crate) mod parameters;
pub(crate) mod parser;
pub(crate) mod source;
pub(crate) mod statement;
pub(crate) mod words;
