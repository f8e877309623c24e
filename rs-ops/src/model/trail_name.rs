//! [`TrailName`]: the path of a trail, with or without the number of a file.

/// The path of a trail in a form that can be compared, and the number of the file, if the path has one.
///
/// ```
/// use trailcore_ops::model::TrailName;
/// let file = TrailName::parse("c:\\ggs\\dirdat\\c1000011");
/// assert_eq!((file.seqno, file.digits), (Some(11), 6));
/// assert!(file.is_same(&TrailName::parse("C:\\ggs\\dirdat\\C1")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrailName {
    /// The path without the number, with `/`; of Windows in lower case.
    pub path: String,
    /// The number of the file.
    pub seqno: Option<u64>,
    /// The digits of the number: 6, 9 or 0 for none.
    pub digits: u64,
}

impl TrailName {
    /// Reads a path. The name of a trail has at most two characters, and the number has 6 or 9 digits.
    #[must_use]
    pub fn parse(path: &str) -> Self {
        let is_windows = path.contains('\\') || path.as_bytes().get(1) == Some(&b':');
        let path = if is_windows { path.replace('\\', "/").to_lowercase() } else { path.to_owned() };
        let path = path.trim();
        let path = path.strip_prefix("./").unwrap_or(path).replace("//", "/");
        let name_at = path.rfind('/').map_or(0, |at| at + 1);
        let name = path.get(name_at..).unwrap_or("");
        for digits in [9, 6] {
            // The name before the number has one or two characters, so the length decides between 6 and 9 digits.
            let Some(at) = name.len().checked_sub(digits).filter(|at| (1..=2).contains(at)) else { continue };
            if let Some((stem, number)) = name.split_at_checked(at) {
                if number.bytes().all(|byte| byte.is_ascii_digit()) {
                    let path = format!("{}{stem}", path.get(..name_at).unwrap_or(""));
                    return Self { path, seqno: number.parse().ok(), digits: digits as u64 };
                }
            }
        }
        Self { path: path.to_owned(), seqno: None, digits: 0 }
    }

    /// Returns whether two paths are of the same trail: equal, or one is relative and ends the other.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let ends = |long: &str, short: &str| {
            let is_relative = !short.starts_with('/') && short.as_bytes().get(1) != Some(&b':');
            is_relative && long.strip_suffix(short).is_some_and(|rest| rest.ends_with('/'))
        };
        self.path == other.path || ends(&self.path, &other.path) || ends(&other.path, &self.path)
    }

    /// Returns the last part of the path, which is equal for all spellings of a trail.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        for (path, stem, seqno, digits) in [
            ("./dirdat/lt000000003", "dirdat/lt", Some(3), 9),
            ("dirdat/lt000012", "dirdat/lt", Some(12), 6),
            ("/u01/dirdat/lt", "/u01/dirdat/lt", None, 0),
            ("a000000001", "a", Some(1), 9),
            ("/d/x12345", "/d/x12345", None, 0),
            ("C:\\ggs\\C2000008", "c:/ggs/c2", Some(8), 6),
            ("", "", None, 0),
        ] {
            let name = TrailName::parse(path);
            assert_eq!((name.path.as_str(), name.seqno, name.digits), (stem, seqno, digits), "{path}");
        }
        let same = |one: &str, other: &str| TrailName::parse(one).is_same(&TrailName::parse(other));
        assert!(same("./dirdat/bi", "/u01/app/dirdat/bi000000001"));
        assert!(!same("./dirdat/bi", "/u01/app/otherdirdat/bi"));
        assert!(!same("/a/bi", "/b/bi"));
    }
}
