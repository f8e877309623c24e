//! Bulk decode.
