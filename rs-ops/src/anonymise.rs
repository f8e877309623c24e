//! A trail without the values and names of another one, so that a trail that shows a bug can be given away.
//!
//! The result has the same files, records, lengths, positions, types, NULLs, missing columns and transactions. Every value is replaced by
//! one of the same form, every name by another one, the same wherever it is. What cannot be decoded is replaced by other bytes. Nothing is
//! published before the result is proved: it has the structure of the original, and none of its values.

mod classes;
mod csns;
mod names;
mod output;
mod parts;
mod permute;
mod report;
mod rewrite;
mod search;
mod structure;
mod survey;

use std::path::Path;

use trailcore::schema::{Catalog, ColumnDef};
use trailcore::{Charset, Error, ErrorKind, ReadOptions, Result, TableDef, Trail};

use output::{Output, Scratch};
use permute::Key;
use rewrite::Rewriter;
use search::{Searched, search};
use structure::Structure;
use survey::{Equality, Survey, each_record};

pub use report::{
    AnonymiseReport, AnonymiseRequest, AnonymisedColumn, AnonymisedFile, AnonymisedTable, HiddenKind, HiddenPart, SearchReport,
};

/// The name of the definitions file beside the trail.
const DEFINITIONS: &str = "definitions.def";

/// Writes a trail of the same structure with other values and names, and proves that it has none of the original. Nothing is under the
/// name of the result before that. The original is read several times, and is not changed. Memory does not grow with it: the search
/// keeps half a million texts at a time.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # trailcore_samples::write_bank(folder.path(), &trailcore_samples::Bank::small()).unwrap();
/// use trailcore_ops::anonymise::{AnonymiseRequest, anonymise};
/// let to = folder.path().join("shared");
/// let report = anonymise(&AnonymiseRequest {
///     trail: folder.path().join("bk").display().to_string(),
///     to: to.display().to_string(),
///     ..AnonymiseRequest::default()
/// })?;
/// assert!(report.replaced > 0 && report.errors == 0);
/// let trail = trailcore::Trail::open(&to)?;
/// assert_eq!(trail.reader()?.into_changes().count() as u64, report.changes);
/// # Ok::<(), trailcore::Error>(())
/// ```
///
/// # Errors
/// - [`ErrorKind::InvalidArgument`]: the trail has no such column, the key is too short, the path is not a trail of records, a file is
///   compressed or grows.
/// - [`ErrorKind::Io`]: the result exists or cannot be written.
/// - [`ErrorKind::Unsupported`]: a record cannot be anonymised, or the proof fails. The message has the place.
/// - The errors of opening the trail, and of reading the definitions file.
pub fn anonymise(request: &AnonymiseRequest) -> Result<AnonymiseReport> {
    anonymise_with(request, ReadOptions::new())
}

/// Does what [`anonymise`] does, and reads with these options: their progress can cancel it.
///
/// # Errors
/// The errors of [`anonymise`]; [`ErrorKind::Cancelled`].
pub fn anonymise_with(request: &AnonymiseRequest, options: ReadOptions) -> Result<AnonymiseReport> {
    let trail = Trail::open(&request.trail)?;
    let key = match &request.key_file {
        Some(path) => Key::of_secret(&std::fs::read(path).map_err(|error| Error::io(path.as_ref(), error))?)?,
        None => Key::random()?,
    };
    let options = options.resync(true);
    let catalog = request.defs.as_ref().map(Catalog::open).transpose()?;
    let of_original = catalog.iter().fold(options.clone(), |options, catalog| options.catalog(catalog.clone()));
    let scratch = Scratch::beside(Path::new(&request.to))?;

    let mut survey = Survey::of(&trail, &of_original)?;
    if survey.records == 0 {
        let error = Error::new(ErrorKind::NotATrail, "there are no records at this path");
        return Err(error.in_file(&request.trail));
    }
    let csns_moved = survey.csns.decide(&key);
    let equality = Equality::of(&survey, &request.equal)?;
    let mut rewriter = Rewriter::new(&key, &survey, &equality);
    let mut output = Output::new(&trail, &scratch, &key)?;
    let mut bytes = Vec::new();
    each_record(&trail, &of_original, |view| {
        output.enter(view, &mut rewriter)?;
        bytes.clear();
        rewriter.record(view, &mut bytes)?;
        output.write(view, &bytes)
    })?;
    let files = output.finish(&mut rewriter)?;

    let masked = catalog.as_ref().map(|catalog| masked_catalog(catalog, &survey, &mut rewriter)).transpose()?;
    let searched = |name: &str, from| Searched { name: name.to_owned(), path: scratch.path(name), from };
    let mut results: Vec<Searched> = files.iter().map(|file| searched(&file.name, 0)).collect();
    if let Some(catalog) = &masked {
        let text = catalog.to_defgen()?;
        scratch.write(DEFINITIONS, text.as_bytes())?;
        let comments: usize = text.split_inclusive('\n').take_while(|line| line.starts_with('*')).map(str::len).sum();
        results.push(searched(DEFINITIONS, comments as u64));
    }
    let of_result = masked.into_iter().fold(options, ReadOptions::catalog);
    let structure = prove_structure(&trail, &of_original, &scratch, &files, &of_result)?;
    let search = search(&trail, &of_original, &survey, &results)?;
    scratch.publish(Path::new(&request.to))?;
    Ok(AnonymiseReport {
        files,
        definitions: catalog.map(|_| DEFINITIONS.to_owned()),
        records: structure.records,
        changes: structure.changes,
        transactions: structure.transactions,
        largest_transaction: structure.largest,
        errors: structure.errors,
        tables: structure.tables,
        replaced: rewriter.counts.replaced,
        empty: rewriter.counts.empty,
        hidden: rewriter.counts.hidden(),
        csns_moved,
        structure: structure.digest,
        search,
    })
}

/// Returns the structure of the result.
///
/// # Errors
/// [`ErrorKind::Unsupported`] if it is not that of the original.
fn prove_structure(
    trail: &Trail,
    of_original: &ReadOptions,
    scratch: &Scratch,
    files: &[AnonymisedFile],
    of_result: &ReadOptions,
) -> Result<Structure> {
    let paths: Vec<_> = files.iter().map(|file| scratch.path(&file.name)).collect();
    let before = Structure::of(trail, of_original)?;
    let after = Structure::of(&Trail::open_files(&paths)?, of_result)?;
    match before.is_like(&after) {
        true => Ok(after),
        false => {
            let what = format!(
                "the result has another structure than the trail: {} and {} records, {} and {} changes, {} and {} errors; nothing is published",
                before.records, after.records, before.changes, after.changes, before.errors, after.errors
            );
            Err(Error::new(ErrorKind::Unsupported, what))
        }
    }
}

/// Returns the definitions of the tables that a trail has, under their new names.
fn masked_catalog(catalog: &Catalog, survey: &Survey, rewriter: &mut Rewriter<'_>) -> Result<Catalog> {
    let mut masked = Catalog::new();
    // A name becomes the same one only in the character set that the trail has it in.
    let charset = survey.charset.unwrap_or(Charset::UTF_8);
    let mut name = |text: &str| match charset.encode(text) {
        Some(name) => {
            let new = rewriter.name(&name, charset);
            let decoded = std::str::from_utf8(&new).map(str::to_owned).ok();
            decoded.or_else(|| Some(charset.decode(&new)?.into_owned())).unwrap_or_default()
        }
        None => String::from_utf8_lossy(&rewriter.name(text.as_bytes(), Charset::UTF_8)).into_owned(),
    };
    for table in catalog.tables().filter(|table| survey.tables.contains_key(&table.name().to_uppercase())) {
        let columns = table.columns().iter().map(|column| ColumnDef { name: name(&column.name).into(), ..column.clone() });
        let columns = columns.collect();
        masked.insert(TableDef::checked(name(table.name()), columns)?);
    }
    Ok(masked)
}
