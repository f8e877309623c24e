//! Change formats other than the trail, one file each: from bytes to the change model, without I/O.

pub(crate) mod native_json;
