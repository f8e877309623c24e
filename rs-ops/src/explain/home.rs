//! [`Gathered`]: the artefacts of inputs that are folders.

use std::collections::BTreeSet;
use std::path::Path;

use trailcore::Result;

use crate::backup::{FileRole, InventoryRequest, Root, inventory};
use crate::config::is_other_toml_file;
use crate::input::Input;
use crate::model::TrailName;

/// The artefacts of a request. An input that is a folder, such as a home, stands for the files in it.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// Logs, reports, discard files, and all inputs that are no folders.
    pub(crate) inputs: Vec<Input>,
    /// Parameter files.
    pub(crate) parameters: Vec<Input>,
    /// Paths of trails, without numbers.
    pub(crate) trails: Vec<String>,
}

impl Gathered {
    /// Looks for files in the folders of inputs.
    ///
    /// # Errors
    /// The errors of [`inventory`].
    pub(crate) fn of(inputs: &[Input]) -> Result<Self> {
        let mut gathered = Self::default();
        let mut trails = BTreeSet::new();
        let is_folder = |input: &&Input| input.path.as_deref().is_some_and(|path| Path::new(path).is_dir());
        let are_several = inputs.iter().filter(is_folder).count() > 1;
        for input in inputs {
            let Some(folder) = input.path.as_deref().filter(|path| Path::new(path).is_dir()) else {
                gathered.inputs.push(input.clone());
                continue;
            };
            let root = Root { name: None, path: folder.to_owned() };
            for file in inventory(&InventoryRequest { roots: vec![root] })?.files {
                let path = Path::new(folder).join(&file.path).display().to_string();
                // Two homes may have groups of the same name.
                let deployment = input.deployment.clone().or_else(|| are_several.then(|| folder.to_owned()));
                let one = |path: String| Input { path: Some(path), name: None, deployment, ..input.clone() };
                match file.role {
                    FileRole::Log | FileRole::Report | FileRole::Discard => gathered.inputs.push(one(path)),
                    FileRole::Parameters if is_other_toml_file(path.as_ref()) => {}
                    FileRole::Parameters => gathered.parameters.push(one(path)),
                    FileRole::Trail => {
                        let digits = TrailName::parse(&path).digits as usize;
                        trails.extend(path.get(..path.len() - digits).map(str::to_owned));
                    }
                    _ => {}
                }
            }
        }
        gathered.trails = trails.into_iter().collect();
        Ok(gathered)
    }
}
