//! Reads a file into Arrow batches twice, and prints the number of rows and the seconds of the second time, since the peers in
//! the comparison are warm too.
//!
//! `peers trail FILE TABLE ROWS` or `peers avro FILE ROWS`, where ROWS is the size of a batch.

use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::time::Instant;

use trailcore::arrow::ArrowOptions;
use trailcore::{ReadOptions, Trail};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    read(&arguments)?;
    let start = Instant::now();
    let rows = read(&arguments)?;
    println!("{rows} {}", start.elapsed().as_secs_f64());
    Ok(())
}

fn read(arguments: &[&str]) -> Result<usize, Box<dyn Error>> {
    Ok(match arguments {
        ["trail", file, table, rows] => {
            let options = ArrowOptions::new().rows(rows.parse()?);
            let stream = Trail::open(file)?.table(table, ReadOptions::new(), options)?;
            stream.map(|batch| Ok(batch?.num_rows())).sum::<trailcore::Result<usize>>()?
        }
        ["avro", file, rows] => {
            let file = BufReader::with_capacity(1 << 20, File::open(file)?);
            let reader = arrow_avro::reader::ReaderBuilder::new().with_batch_size(rows.parse()?).build(file)?;
            let mut total = 0;
            for batch in reader {
                total += batch?.num_rows();
            }
            total
        }
        _ => return Err("usage: peers trail FILE TABLE ROWS | avro FILE ROWS".into()),
    })
}
