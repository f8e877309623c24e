//! A local server with the interface of S3 (moto).
//!
//! Needs `target/venv-s3`, which `make test-object-store` sets up; without it the tests are skipped, with a message.

use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The server, which ends with the test.
pub struct Moto {
    child: Child,
    port: u16,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Moto {
    /// Starts the server and creates a bucket; `None` if it is not installed.
    pub fn start() -> Option<Self> {
        let python = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/venv-s3/bin/python");
        if !python.exists() {
            println!("skipped: moto is not installed; make test-object-store installs it");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(python);
        command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let moto = Self { child, port };
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                moto.create_bucket();
                return Some(moto);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the server has not started");
    }

    fn create_bucket(&self) {
        use std::io::{Read as _, Write as _};
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "PUT /bank HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    pub fn settings(&self) -> BTreeMap<String, String> {
        let endpoint = format!("http://127.0.0.1:{}", self.port);
        let settings = [
            ("aws_endpoint", endpoint.as_str()),
            ("aws_allow_http", "true"),
            ("aws_region", "eu-central-1"),
            ("aws_access_key_id", "me"),
            ("aws_secret_access_key", "hidden"),
        ];
        settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }
}
