//! Signatures of manifests: a BLAKE3 digest with a secret key. Who has the key can sign, and can see who has signed.

use std::io::Read as _;

use serde::{Deserialize, Serialize};
use trailcore::{Error, ErrorKind, Result};

/// The contexts of the key derivations.
const KEY: &str = "trailcore 2026 signatures of backup manifests";
const ID: &str = "trailcore 2026 names of keys of backup manifests";
/// The sizes of a key file.
const LEAST: usize = 16;
const MOST: u64 = 64 << 10;
/// Hexadecimal digits of the name of a key.
const DIGITS: usize = 16;
/// The first word of the line of a signature.
const SIGNED: &str = "signed";

/// A key that signs manifests.
pub(crate) struct SignKey {
    id: String,
    key: [u8; 32],
}

/// The signature of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SetSignature {
    /// The result of checking it.
    pub state: SignatureState,
    /// The name of the key that the signature names: 16 hexadecimal digits, which follow from the key.
    pub key: Option<String>,
}

/// The result of checking the signature of a manifest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SignatureState {
    /// There is none.
    #[default]
    Unsigned,
    /// There is one, and the request has no key.
    Unchecked,
    /// It was made with a key of the request, for this manifest.
    Valid,
    /// It names a key that the request does not have.
    UnknownKey,
    /// It names a key of the request, and that key did not make it for this manifest.
    Wrong,
}

impl SignKey {
    /// Reads a key file.
    pub(crate) fn read(path: &str) -> Result<Self> {
        let mut secret = Vec::new();
        let read = std::fs::File::open(path).and_then(|file| file.take(MOST + 1).read_to_end(&mut secret));
        read.map_err(|error| Error::io(path.as_ref(), error))?;
        if secret.len() < LEAST || secret.len() as u64 > MOST {
            let what = format!("the file of the key has {} bytes; it needs {LEAST} to {MOST}", secret.len());
            return Err(Error::new(ErrorKind::InvalidArgument, what).in_file(path));
        }
        let id = blake3::Hash::from(blake3::derive_key(ID, &secret)).to_hex().chars().take(DIGITS).collect();
        Ok(Self { id, key: blake3::derive_key(KEY, &secret) })
    }

    fn signature(&self, manifest: &str) -> blake3::Hash {
        blake3::keyed_hash(&self.key, manifest.as_bytes())
    }

    /// Returns the line of a signature.
    pub(crate) fn line(&self, manifest: &str) -> String {
        format!("{SIGNED} {} {}\n", self.id, self.signature(manifest).to_hex())
    }
}

impl SetSignature {
    /// Checks the line of a signature, which is empty without one.
    pub(crate) fn of(line: &str, manifest: &str, keys: &[SignKey]) -> Self {
        if line.is_empty() {
            return Self::default();
        }
        let mut words = line.split(' ');
        let (first, id, digest) = (words.next(), words.next(), words.next().and_then(|text| blake3::Hash::from_hex(text).ok()));
        let is_id = |id: &&str| id.len() == DIGITS && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (Some(SIGNED), Some(id), Some(digest), None) = (first, id.filter(is_id), digest, words.next()) else {
            return Self { state: SignatureState::Wrong, key: None };
        };
        let state = match keys.iter().find(|key| key.id == id) {
            // Hashes are compared in constant time.
            Some(key) if key.signature(manifest) == digest => SignatureState::Valid,
            Some(_) => SignatureState::Wrong,
            None if keys.is_empty() => SignatureState::Unchecked,
            None => SignatureState::UnknownKey,
        };
        Self { state, key: Some(id.to_owned()) }
    }

    /// Returns whether the manifest was signed with one of the keys, if there are keys.
    pub(crate) fn is_good(&self, keys: &[SignKey]) -> bool {
        match self.state {
            SignatureState::Valid => true,
            SignatureState::Wrong => false,
            SignatureState::Unsigned | SignatureState::Unchecked | SignatureState::UnknownKey => keys.is_empty(),
        }
    }
}
