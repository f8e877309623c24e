//! Prints the changes of a trail as native JSON: `cargo run -p trailcore --example changes -- dirdat/lt`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: changes PATH")?;
    let mut reader = trailcore::Trail::open(path)?.reader()?;
    while let Some(change) = reader.next()? {
        println!("{}", change.to_json()?);
    }
    Ok(())
}
