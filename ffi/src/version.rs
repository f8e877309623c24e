//! The versions of the header and of the library.

use std::ffi::{CStr, c_char};

/// Major version of this header. Within one, nothing that a program uses is changed or removed.
pub const TC_VERSION_MAJOR: u32 = 0;
/// Minor version of this header. A library of a later version has everything that a program of an earlier one uses.
pub const TC_VERSION_MINOR: u32 = 1;
/// Patch version of this header.
pub const TC_VERSION_PATCH: u32 = 0;
/// The version of this header as one number that orders as versions do: `major * 1000000 + minor * 1000 + patch`.
pub const TC_VERSION_NUMBER: u32 = 1_000;
/// The version as text. The header has it under the same name.
const VERSION: &CStr = c"0.1.0";

/// Returns the version of the library in use, as one number like `TC_VERSION_NUMBER`.
///
/// No errors.
/// Example: `if (tc_version_number() < TC_VERSION_NUMBER) fprintf(stderr, "the library is older than the program\n");`
#[unsafe(no_mangle)]
pub extern "C" fn tc_version_number() -> u32 {
    TC_VERSION_NUMBER
}

/// Returns the version of the library in use, as static text that ends with a NUL.
///
/// No errors.
/// Example: `printf("trailcore %s\n", tc_version());`
#[unsafe(no_mangle)]
pub extern "C" fn tc_version() -> *const c_char {
    VERSION.as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_of_the_version_agree() {
        assert_eq!(VERSION.to_str().unwrap(), env!("CARGO_PKG_VERSION"));
        assert_eq!(format!("{TC_VERSION_MAJOR}.{TC_VERSION_MINOR}.{TC_VERSION_PATCH}"), env!("CARGO_PKG_VERSION"));
        assert_eq!(TC_VERSION_NUMBER, TC_VERSION_MAJOR * 1_000_000 + TC_VERSION_MINOR * 1_000 + TC_VERSION_PATCH);
    }
}
