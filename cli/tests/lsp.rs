//! The language server, as an editor drives it: framed JSON-RPC over the standard input and output.

#![cfg(feature = "lsp")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Client {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trailcore"));
        command.args(["ops", "lsp"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    fn initialized() -> Self {
        let mut client = Self::start();
        let answer = client.ask("initialize", json!({"processId": null, "rootUri": null, "capabilities": {}}));
        assert_eq!(answer["result"]["capabilities"]["hoverProvider"], true, "{answer}");
        client.note("initialized", json!({}));
        client
    }

    fn send(&mut self, text: &str) {
        let input = self.input.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        input.flush().unwrap();
    }

    fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the server has ended");
            match line.trim().split_once(": ") {
                Some(("Content-Length", number)) => length = number.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    fn note(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string());
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.send(&json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).to_string());
        let answer = self.receive();
        assert_eq!(answer["id"], 7, "{answer}");
        answer
    }

    /// Opens a document, and returns the codes and first lines of its findings.
    fn open(&mut self, uri: &str, text: &str) -> Vec<(String, u64)> {
        self.note("textDocument/didOpen", json!({"textDocument": {"uri": uri, "languageId": "prm", "version": 1, "text": text}}));
        self.findings(uri)
    }

    fn findings(&mut self, uri: &str) -> Vec<(String, u64)> {
        let message = self.receive();
        assert_eq!(
            (message["method"].as_str(), message["params"]["uri"].as_str()),
            (Some("textDocument/publishDiagnostics"), Some(uri))
        );
        let own = message["params"]["diagnostics"].as_array().unwrap().iter();
        own.map(|own| (own["code"].as_str().unwrap().to_owned(), own["range"]["start"]["line"].as_u64().unwrap())).collect()
    }

    fn at(&mut self, method: &str, uri: &str, line: u64, character: u64) -> Value {
        let params = json!({"textDocument": {"uri": uri}, "position": {"line": line, "character": character}});
        self.ask(&format!("textDocument/{method}"), params)["result"].clone()
    }

    /// Waits for the end; returns the exit code and the messages of the server.
    fn end(mut self) -> (i32, String) {
        drop(self.input.take());
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        (self.child.wait().unwrap().code().unwrap(), text)
    }
}

#[test]
fn an_editing_session() {
    let scratch = tempfile::tempdir().unwrap();
    std::fs::write(scratch.path().join("login.mac"), "MACRO #login\nBEGIN\nUSERIDALIAS ogg\nEND;\n").unwrap();
    let folder = format!("file://{}", scratch.path().canonicalize().unwrap().display());
    let uri = format!("{folder}/ext1.prm");
    let text = "EXTRACT ext1\nINCLUDE login.mac\n#login ()\nEXTTRIAL ./dirdat/aa\nTABLE HR.EMP;\n";
    let mut client = Client::initialized();
    assert_eq!(client.open(&uri, text), [("unknown_parameter".to_owned(), 3)]);
    let change =
        json!({"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": text.replace("TRIAL", "TRAIL")}]});
    client.note("textDocument/didChange", change);
    assert_eq!(client.findings(&uri), []);
    let hover = client.at("hover", &uri, 3, 2);
    assert!(hover["contents"]["value"].as_str().unwrap().contains("**EXTTRAIL**"), "{hover}");
    assert_eq!(client.at("hover", &uri, 2, 2), Value::Null);
    let names = client.at("completion", &uri, 3, 4);
    let names: Vec<_> = names.as_array().unwrap().iter().map(|own| own["label"].as_str().unwrap()).collect();
    assert!(names.contains(&"EXTTRAIL") && names.iter().all(|name| name.starts_with("EXTT")), "{names:?}");
    let place = client.at("definition", &uri, 2, 3);
    assert_eq!(place["uri"], format!("{folder}/login.mac"));
    assert_eq!(client.at("definition", &uri, 1, 10)["uri"], format!("{folder}/login.mac"));
    client.note("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    assert_eq!(client.findings(&uri), []);
    assert_eq!(client.ask("shutdown", Value::Null)["result"], Value::Null);
    assert_eq!(client.ask("textDocument/hover", json!({}))["error"]["code"], -32600);
    client.note("exit", Value::Null);
    assert_eq!(client.end(), (0, String::new()));
}

#[test]
fn wrong_messages_are_answered() {
    let mut client = Client::start();
    assert_eq!(client.ask("textDocument/hover", json!({}))["error"]["code"], -32002, "before initialize");
    let mut client = Client::initialized();
    assert_eq!(client.ask("textDocument/moon", json!({}))["error"]["code"], -32601);
    assert_eq!(client.ask("textDocument/hover", json!({"position": 1}))["error"]["code"], -32602);
    client.send("{\"jsonrpc\": \"2.0\", ");
    assert_eq!(client.receive()["error"]["code"], -32700);
    // Wrong notifications have no answer; the server goes on.
    client.note("textDocument/didOpen", json!([1]));
    client.note("$/unknown", json!({}));
    client.note("textDocument/didChange", json!({"textDocument": {"uri": "file:///x", "version": 1}, "contentChanges": []}));
    assert_eq!(client.open("untitled:Untitled-1", "PORT 7809\nPORTT 1\n"), [("unknown_parameter".to_owned(), 1)]);
    client.note("exit", Value::Null);
    assert_eq!(client.end(), (1, String::new()), "without shutdown");
}

#[test]
fn broken_frames_end_the_server() {
    for text in ["{}\r\n", "Content-Length: 18446744073709551615\r\n\r\n", "Content-Length: 9\r\n\r\n{", &"x".repeat(100_000)] {
        let mut client = Client::start();
        // The server may end before it has read all.
        let _ = client.input.as_mut().unwrap().write_all(text.as_bytes());
        let (code, message) = client.end();
        assert!(code != 0 && message.starts_with("trailcore: "), "{code} {message}");
    }
}

#[test]
fn no_secret_is_published() {
    let mut client = Client::initialized();
    let text = "EXTRACT e1\nUSERID ogg, PASSWORD Xk7qTz9w\nUSERIDD ogg PASSWORD Xk7qTz9w\nTABLE A.B, Xk7qTz9w (\n";
    client.note(
        "textDocument/didOpen",
        json!({"textDocument": {"uri": "file:///e1.prm", "languageId": "prm", "version": 1, "text": text}}),
    );
    let message = client.receive().to_string();
    assert!(message.contains("password_in_clear") && !message.contains("Xk7qTz9w"), "{message}");
}
