//! Marked regions of files: generated lines amid hand-written ones.

/// Fills the regions of a text, each between a line that ends with `generated: NAME` and one that ends with `end of generated`.
///
/// # Errors
/// The name of a region that is missing or has no end.
pub(crate) fn fill(text: &str, regions: &[(&str, String)]) -> Result<String, String> {
    let mut filled = text.to_owned();
    for (name, content) in regions {
        let mark = format!("generated: {name}\n");
        let start = filled.find(&mark).ok_or_else(|| format!("no line ends with {:?}", mark.trim_end()))? + mark.len();
        let rest = filled.get(start..).unwrap_or_default();
        let end = rest.find("end of generated").ok_or_else(|| format!("region {name:?} has no end"))?;
        if rest.get(..end).is_some_and(|inside| inside.contains("generated: ")) {
            return Err(format!("region {name:?} has no end"));
        }
        // The end mark's own line stays.
        let line = rest.get(..end).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        filled.replace_range(start..start + line, content);
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_filled_and_the_rest_stays() {
        let text = "a\n  // generated: x\nold\n  // end of generated\nb\n";
        assert_eq!(fill(text, &[("x", "new\n".into())]).unwrap(), "a\n  // generated: x\nnew\n  // end of generated\nb\n");
        assert!(fill(text, &[("y", String::new())]).is_err());
        assert!(fill("// generated: x\n", &[("x", String::new())]).is_err());
        assert!(fill("// generated: x\n// generated: y\n// end of generated\n", &[("x", String::new())]).is_err());
    }
}
