//! Checks docs/filter.md: its examples, diagnostics and explanations must match the library.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;

use trailcore::filter::{Scratch, Select};
use trailcore::{OwnedValue, Position, ReadOptions, Trail};
use trailcore_samples::{Bank, bank_in_memory, tables};

/// A fenced block of the guide, and its expected result.
#[derive(Debug, Default)]
struct Block {
    /// The number of its example; 0 outside of the examples.
    number: usize,
    /// The text after the three backticks.
    info: String,
    text: String,
    /// `Selects: N of M changes`, if such a line follows.
    selects: Option<(u64, u64)>,
}

impl Block {
    fn is_example(&self) -> bool {
        matches!(&*self.info, "text filter" | "text filter lenient")
    }

    fn select(&self) -> Select {
        let select = Select::parse(&self.text).unwrap_or_else(|error| panic!("example {}:\n{error}", self.number));
        if self.info.ends_with("lenient") { select.lenient() } else { select }
    }
}

/// Returns the fenced blocks of a text, in order.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut number, mut open) = (0, None::<Block>);
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => block.text.extend([line, "\n"]),
            (None, Some(info)) => open = Some(Block { number, info: info.to_owned(), ..Block::default() }),
            (None, None) => {
                if line.starts_with('#') {
                    let heading = line.strip_prefix("### ").and_then(|heading| heading.split_once(". "));
                    number = heading.and_then(|(number, _)| number.parse().ok()).unwrap_or(0);
                }
                if let Some(counts) = line.strip_prefix("Selects: ").and_then(|line| line.strip_suffix(" changes")) {
                    let (selected, all) = counts.split_once(" of ").unwrap();
                    let block = blocks.iter_mut().rev().find(|block| block.is_example()).unwrap();
                    assert!(block.number == number && block.selects.is_none(), "{line:?} belongs to no block");
                    block.selects = Some((selected.parse().unwrap(), all.parse().unwrap()));
                }
            }
        }
    }
    assert!(open.is_none(), "unterminated block");
    blocks
}

fn guide() -> Vec<Block> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/filter.md");
    blocks(&std::fs::read_to_string(path).unwrap())
}

fn bank() -> Trail {
    let files = bank_in_memory(&Bank::small()).unwrap();
    Trail::from_files(files.into_iter().map(|(name, bytes)| (Box::leak(name.into_boxed_str()) as &str, bytes.into())))
}

/// Returns the positions of the changes that a reader returns.
fn places(trail: &Trail, options: ReadOptions) -> trailcore::Result<Vec<Position>> {
    let mut reader = trail.reader_with(options)?;
    let mut places = Vec::new();
    while let Some(change) = reader.next()? {
        places.push(change.position());
    }
    Ok(places)
}

/// Returns the differences between the guide and the library for a block; empty if there are none.
fn faults(block: &Block, trail: &Trail) -> Vec<String> {
    let select = block.select();
    let all = places(trail, ReadOptions::new()).unwrap().len() as u64;
    let mut faults = Vec::new();
    match places(trail, ReadOptions::new().select(select.clone())) {
        Err(error) => faults.push(format!("example {} stops: {error}", block.number)),
        Ok(wanted) => {
            let counts = (wanted.len() as u64, all);
            if block.selects != Some(counts) {
                faults.push(format!("example {}: selects {counts:?}, the guide states {:?}", block.number, block.selects));
            }
        }
    }
    let again =
        Select::parse(&select.to_string()).map(|again| if block.info.ends_with("lenient") { again.lenient() } else { again });
    if again.as_ref() != Ok(&select) {
        faults.push(format!("example {} does not survive being written and read: {select}", block.number));
    }
    faults
}

/// Returns the projection of the first selected change: one line per column and token.
fn first_row(select: &Select, trail: &Trail) -> String {
    let mut selector = select.selector();
    let mut reader = trail.reader().unwrap();
    while let Some(change) = reader.next().unwrap() {
        let trailcore::filter::Verdict::Accept(rule) = selector.verdict(&change) else { continue };
        let row = selector.program(&change).project(&change, rule, &mut Scratch::default()).unwrap();
        let show = |value: &OwnedValue| match value {
            OwnedValue::Null => "NULL".to_owned(),
            OwnedValue::Number(digits) => digits.to_string(),
            OwnedValue::Text(text) => format!("'{text}'"),
            other => format!("{other:?}"),
        };
        let columns = row.columns.iter().map(|(name, value)| format!("{name} = {}\n", show(value)));
        let tokens = row.tokens.iter().map(|(name, value)| format!("token {name} = {}\n", show(value)));
        return columns.chain(tokens).collect();
    }
    panic!("no change is selected: {select}");
}

#[test]
fn examples_select_what_the_guide_says() {
    let (blocks, trail) = (guide(), bank());
    let examples: Vec<&Block> = blocks.iter().filter(|block| block.is_example()).collect();
    let faults: Vec<String> = examples.iter().flat_map(|block| faults(block, &trail)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let mut numbers: Vec<usize> = examples.iter().map(|block| block.number).collect();
    numbers.dedup();
    assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>(), "examples are numbered consecutively");
    assert!(numbers.len() >= 20, "{} examples", numbers.len());
}

#[test]
fn projections_are_what_the_guide_says() {
    let (blocks, trail) = (guide(), bank());
    let mut rows = 0;
    for pair in blocks.windows(2).filter(|pair| pair[1].info == "text row") {
        assert!(pair[0].is_example());
        let row = first_row(&pair[0].select(), &trail);
        assert_eq!(row, pair[1].text, "example {}:\n{row}", pair[0].number);
        rows += 1;
    }
    assert!(rows >= 3);
}

/// Blocks followed by an answer: texts with errors or lints, or explained.
#[test]
fn answers_are_what_the_guide_says() {
    let blocks = guide();
    let postings = tables(trailcore::Charset::UTF_8)[2].clone();
    let mut answers = 0;
    for pair in blocks.windows(2).filter(|pair| pair[1].info == "text answer") {
        let asked = &pair[0];
        let parsed = Select::parse(&asked.text);
        let answer = match &*asked.info {
            "text wrong" => parsed.expect_err(&asked.text).to_string(),
            "text doubtful" => parsed.unwrap().lint_text(),
            "text unfit" => parsed.unwrap().bind(&postings).problems().unwrap().to_string(),
            "text explained" => parsed.unwrap().bind(&postings).explain().to_string(),
            "text explained lenient" => parsed.unwrap().lenient().bind(&postings).explain().to_string(),
            other => panic!("unknown kind of block {other:?}"),
        };
        assert_eq!(answer.trim_end(), pair[1].text.trim_end(), "the answer to:\n{}\nis:\n{answer}", asked.text);
        answers += 1;
    }
    assert!(answers >= 4);
}

/// The ranges of @RANGE are disjoint, and together they are the whole.
#[test]
fn ranges_add_up() {
    let (blocks, trail) = (guide(), bank());
    let parts: Vec<&Block> = blocks.iter().filter(|block| block.is_example() && block.text.contains("@RANGE")).collect();
    assert_eq!(parts.len(), 3);
    let of = |select: Select| places(&trail, ReadOptions::new().select(select)).unwrap();
    let mut together: Vec<Position> = parts.iter().flat_map(|part| of(part.select())).collect();
    together.sort();
    let whole = parts[0].text.replace("@RANGE (1, 3)", "1");
    assert_eq!(together, of(Select::parse(&whole).unwrap()));
    assert!(parts.iter().all(|part| part.selects.unwrap().0 > 0));
}

/// The checks above find differences.
#[test]
fn a_wrong_count_is_noticed() {
    let snippet = "## Examples\n\n### 7. Postings\n\nAll of them.\n\n```text filter\nTABLE BANK.POSTINGS, WHERE (AMOUNT > 5);\n```\n\n\
        Selects: 1 of 88 changes\n\n### 8. Others\n\n```text filter lenient\nTABLE BANK.POSTINGS, FILTER (AMOUNT > 9000000);\n```\n\n\
        Selects: 3 of 88 changes\n\n```text\nno example\n```\n\n### 9. Uncounted\n\n```text filter\nIGNOREDELETES\n```\n";
    let (found, trail) = (blocks(snippet), bank());
    let seen: Vec<_> = found.iter().map(|block| (block.number, &*block.info, block.selects)).collect();
    let expected = [
        (7, "text filter", Some((1, 88))),
        (8, "text filter lenient", Some((3, 88))),
        (8, "text", None),
        (9, "text filter", None),
    ];
    assert_eq!(seen, expected);
    assert_eq!(found[0].text, "TABLE BANK.POSTINGS, WHERE (AMOUNT > 5);\n");
    // The first stops at a delete that has only its key; the second selects two changes, the DDL and one posting.
    let first = faults(&found[0], &trail);
    assert!(first.len() == 1 && first[0].contains("OGG-03019"), "{first:?}");
    let second = faults(&found[1], &trail);
    assert!(second.len() == 1 && second[0].contains("selects (2, 88)"), "{second:?}");
    assert_eq!(faults(&found[3], &trail).len(), 1, "an example without a count is noticed");
    let right = Block { selects: Some((2, 88)), ..blocks(snippet).remove(1) };
    assert_eq!(faults(&right, &trail), Vec::<String>::new());
}
