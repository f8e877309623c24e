//! The command `ops lsp`: a language server for parameter files, over the standard input and output.
//!
//! Each message is answered before the next one is read. A message that is no JSON is answered with an error; one that has no frame ends
//! the server, since the start of the next one is not known.

use std::io::{BufRead, Read as _, Write};
use std::path::Path;

use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response, ResponseError};
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionOptions, Diagnostic, DiagnosticSeverity, DidChangeTextDocumentParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, GotoDefinitionResponse, Hover, HoverContents, HoverProviderCapability,
    InitializeResult, Location, MarkupContent, MarkupKind, NumberOrString, OneOf, Position, PublishDiagnosticsParams, Range,
    ServerCapabilities, ServerInfo, TextDocumentPositionParams, TextDocumentSyncCapability, TextDocumentSyncKind, Uri,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use trailcore::{Error, ErrorKind};
use trailcore_ops::config::{Definition, Editor, EditorFinding, EditorPlace, Severity};

use crate::failure::{DAMAGE, Failure};
use crate::output::Output;

/// The longest message that is read.
const LONGEST: u64 = 64 << 20;
/// The longest head of a message.
const LONGEST_HEAD: u64 = 4 << 10;

#[derive(clap::Args)]
pub(super) struct LspArgs {}

/// Serves until the client asks to exit, or closes the input.
pub(super) fn serve(_: &LspArgs, output: &mut Output) -> Result<i32, Failure> {
    let mut input = std::io::stdin().lock();
    let mut server = Server { editor: Editor::default(), phase: Phase::New };
    while let Some(body) = frame(&mut input).map_err(Failure::Trail)? {
        let answers = match serde_json::from_slice::<Message>(&body) {
            Ok(message) => server.take(message),
            Err(error) => vec![refused(RequestId::from(0), ErrorCode::ParseError, format!("no message of JSON-RPC: {error}"))],
        };
        for answer in answers {
            answer.write(output).map_err(Failure::Output)?;
        }
        output.flush().map_err(Failure::Output)?;
        if matches!(server.phase, Phase::Ended | Phase::Broken) {
            break;
        }
    }
    // The protocol has another exit code for a client that leaves without a request to shut down.
    Ok(if matches!(server.phase, Phase::ShutDown | Phase::Ended) { 0 } else { DAMAGE })
}

/// Reads the body of the next message; `None` at the end of the input.
fn frame(input: &mut impl BufRead) -> trailcore::Result<Option<Vec<u8>>> {
    let broken = |what: String| Error::new(ErrorKind::InvalidArgument, what);
    let io = |error| Error::new(ErrorKind::Io, format!("the standard input cannot be read: {error}"));
    let (mut length, mut is_first) = (None, true);
    loop {
        let mut line = Vec::new();
        input.by_ref().take(LONGEST_HEAD).read_until(b'\n', &mut line).map_err(io)?;
        if line.is_empty() && is_first {
            return Ok(None);
        }
        is_first = false;
        let line = String::from_utf8_lossy(&line).into_owned();
        if line.trim().is_empty() && line.ends_with('\n') {
            break;
        }
        let Some((name, value)) = line.strip_suffix("\r\n").and_then(|line| line.split_once(':')) else {
            return Err(broken("a message of the client has no head: expected Content-Length: NUMBER".to_owned()));
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse::<u64>().ok();
        }
    }
    let length = length.filter(|length| *length <= LONGEST);
    let length = length.ok_or_else(|| broken(format!("a message of the client needs a Content-Length of at most {LONGEST}")))?;
    let mut body = Vec::new();
    input.by_ref().take(length).read_to_end(&mut body).map_err(io)?;
    if (body.len() as u64) < length {
        return Err(broken("the input ends inside of a message".to_owned()));
    }
    Ok(Some(body))
}

/// The part of its life that a server is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    Ready,
    /// The client asked to shut down.
    ShutDown,
    /// The client asked to exit after that.
    Ended,
    /// The client asked to exit without that.
    Broken,
}

struct Server {
    editor: Editor,
    phase: Phase,
}

impl Server {
    /// Takes a message; returns the answers.
    fn take(&mut self, message: Message) -> Vec<Message> {
        match message {
            Message::Request(request) => vec![self.answer(request)],
            Message::Notification(notification) => self.note(notification),
            // The server asks nothing.
            Message::Response(_) => Vec::new(),
        }
    }

    fn answer(&mut self, request: Request) -> Message {
        let Request { id, method, params } = request;
        let refuse = |code, text: &str| refused(id.clone(), code, text.to_owned());
        match (self.phase, &*method) {
            (Phase::New, "initialize") => {
                self.phase = Phase::Ready;
                result(id, &initialized())
            }
            (Phase::New, _) => refuse(ErrorCode::ServerNotInitialized, "initialize comes first"),
            (Phase::Ready, "shutdown") => {
                self.phase = Phase::ShutDown;
                result(id, &Value::Null)
            }
            (Phase::Ready, "textDocument/hover") => self.at(id, params, |server, at| server.hover(at)),
            (Phase::Ready, "textDocument/completion") => self.at(id, params, |server, at| Some(server.completions(at))),
            (Phase::Ready, "textDocument/definition") => self.at(id, params, |server, at| server.definition(at)),
            (Phase::Ready, "initialize") => refuse(ErrorCode::InvalidRequest, "the server is initialized"),
            (Phase::Ready, _) => refuse(ErrorCode::MethodNotFound, &format!("unknown method {method:?}")),
            _ => refuse(ErrorCode::InvalidRequest, "the server is shut down"),
        }
    }

    /// Answers a request about a place of a document.
    fn at<T: Serialize>(&self, id: RequestId, params: Value, answer: impl Fn(&Self, &At) -> Option<T>) -> Message {
        match serde_json::from_value::<TextDocumentPositionParams>(params) {
            Ok(params) => {
                let place = EditorPlace { line: params.position.line, column: params.position.character };
                result(id, &answer(self, &At { path: path_of(&params.text_document.uri), place }))
            }
            Err(error) => refused(id, ErrorCode::InvalidParams, error.to_string()),
        }
    }

    fn note(&mut self, notification: Notification) -> Vec<Message> {
        let Notification { method, params } = notification;
        match &*method {
            "exit" => {
                self.phase = if self.phase == Phase::ShutDown { Phase::Ended } else { Phase::Broken };
                Vec::new()
            }
            _ if self.phase != Phase::Ready => Vec::new(),
            "textDocument/didOpen" => match parsed::<DidOpenTextDocumentParams>(params) {
                Some(own) => self.set(&own.text_document.uri, own.text_document.text),
                None => Vec::new(),
            },
            // The whole text comes with each change, as the server asks for.
            "textDocument/didChange" => match parsed::<DidChangeTextDocumentParams>(params) {
                Some(mut own) => match own.content_changes.pop().filter(|change| change.range.is_none()) {
                    Some(change) => self.set(&own.text_document.uri, change.text),
                    None => Vec::new(),
                },
                None => Vec::new(),
            },
            "textDocument/didClose" => match parsed::<DidCloseTextDocumentParams>(params) {
                Some(own) => {
                    self.editor.close(&path_of(&own.text_document.uri));
                    vec![published(own.text_document.uri, Vec::new())]
                }
                None => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// Exchanges the text of a document. Others may include it, so the findings of all are sent.
    fn set(&mut self, uri: &Uri, text: String) -> Vec<Message> {
        self.editor.set(&path_of(uri), text);
        let paths = self.editor.paths().filter_map(|path| Some((path, uri_of(Path::new(path))?)));
        let findings = |path: &str| self.editor.findings(path).into_iter().map(|own| diagnostic(path, own)).collect();
        paths.map(|(path, uri)| published(uri, findings(path))).collect()
    }

    fn hover(&self, at: &At) -> Option<Hover> {
        let (places, value) = self.editor.hover(&at.path, at.place)?;
        let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value });
        Some(Hover { contents, range: Some(range(&places)) })
    }

    fn completions(&self, at: &At) -> Vec<CompletionItem> {
        let item = |own: trailcore_ops::config::Completion| CompletionItem {
            label: own.name.to_owned(),
            kind: Some(CompletionItemKind::KEYWORD),
            detail: Some(own.description.to_owned()).filter(|text| !text.is_empty()),
            ..CompletionItem::default()
        };
        self.editor.completions(&at.path, at.place).into_iter().map(item).collect()
    }

    fn definition(&self, at: &At) -> Option<GotoDefinitionResponse> {
        let Definition { path, place } = self.editor.definition(&at.path, at.place)?;
        Some(GotoDefinitionResponse::Scalar(Location { uri: uri_of(&path)?, range: range(&(place..place)) }))
    }
}

/// A place that a request is about.
struct At {
    path: String,
    place: EditorPlace,
}

fn initialized() -> InitializeResult {
    let capabilities = ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::FULL)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        completion_provider: Some(CompletionOptions::default()),
        definition_provider: Some(OneOf::Left(true)),
        ..ServerCapabilities::default()
    };
    let version = Some(env!("CARGO_PKG_VERSION").to_owned());
    InitializeResult { capabilities, server_info: Some(ServerInfo { name: "trailcore".to_owned(), version }) }
}

/// Returns the parameters of a notification. Wrong ones have no answer.
fn parsed<T: DeserializeOwned>(params: Value) -> Option<T> {
    serde_json::from_value(params).ok()
}

fn result(id: RequestId, value: &impl Serialize) -> Message {
    match serde_json::to_value(value) {
        Ok(value) => Message::Response(Response { id, result: Some(value), error: None }),
        Err(error) => refused(id, ErrorCode::InternalError, error.to_string()),
    }
}

fn refused(id: RequestId, code: ErrorCode, message: String) -> Message {
    let error = ResponseError { code: code as i32, message, data: None };
    Message::Response(Response { id, result: None, error: Some(error) })
}

fn published(uri: Uri, diagnostics: Vec<Diagnostic>) -> Message {
    let params = PublishDiagnosticsParams { uri, diagnostics, version: None };
    let params = serde_json::to_value(params).unwrap_or_default();
    Message::Notification(Notification { method: "textDocument/publishDiagnostics".to_owned(), params })
}

fn diagnostic(path: &str, own: EditorFinding) -> Diagnostic {
    let EditorFinding { range: places, finding } = own;
    let place = if finding.file == path { String::new() } else { format!("{}:{}: ", finding.file, finding.line) };
    Diagnostic {
        range: range(&places),
        severity: Some(match finding.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
            Severity::Note => DiagnosticSeverity::INFORMATION,
        }),
        code: Some(NumberOrString::String(finding.rule.name())),
        source: Some("trailcore".to_owned()),
        message: format!("{place}{}; {}", finding.text, finding.fix),
        ..Diagnostic::default()
    }
}

fn range(places: &std::ops::Range<EditorPlace>) -> Range {
    let position = |place: EditorPlace| Position { line: place.line, character: place.column };
    Range { start: position(places.start), end: position(places.end) }
}

/// Returns the path of a document; of one that is no file its URI.
fn path_of(uri: &Uri) -> String {
    let text = uri.as_str();
    let Some(path) = text.strip_prefix("file://").and_then(|rest| rest.find('/').and_then(|start| rest.get(start..))) else {
        return text.to_owned();
    };
    let (mut bytes, mut rest) = (Vec::new(), path.as_bytes());
    while let [first, after @ ..] = rest {
        let escaped = match after {
            [high, low, ..] if *first == b'%' => hex(*high).zip(hex(*low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_owned())
}

fn hex(digit: u8) -> Option<u8> {
    u8::try_from(char::from(digit).to_digit(16)?).ok()
}

/// Returns the URI of a path.
fn uri_of(path: &Path) -> Option<Uri> {
    let text = path.to_str()?;
    if !text.starts_with('/') {
        return text.parse().ok();
    }
    let mut uri = "file://".to_owned();
    for byte in text.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => uri.push(char::from(byte)),
            _ => uri += &format!("%{byte:02X}"),
        }
    }
    uri.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn paths_and_uris() {
        for path in ["/u01/ogg/dirprm/e1.prm", "/a b/ä%41/x#1.prm", "/"] {
            assert_eq!(path_of(&uri_of(Path::new(path)).unwrap()), path);
        }
        assert_eq!(path_of(&"file:///a%20b%2".parse().unwrap_or_else(|_| uri_of(Path::new("/a b%2")).unwrap())), "/a b%2");
        assert_eq!(path_of(&"untitled:Untitled-1".parse().unwrap()), "untitled:Untitled-1");
        assert_eq!(uri_of(Path::new("untitled:Untitled-1")).unwrap().as_str(), "untitled:Untitled-1");
    }

    #[test]
    fn frames() {
        let read = |text: &str| frame(&mut text.as_bytes());
        assert_eq!(read("Content-Length: 2\r\nContent-Type: x\r\n\r\n{}").unwrap(), Some(b"{}".to_vec()));
        assert_eq!(read("").unwrap(), None);
        for broken in [
            "{}",
            "Content-Length: 3\r\n\r\n{}",
            "Content-Length: 99999999999999999999\r\n\r\n",
            "Content-Length: 2\n\n{}",
            "\r\n",
        ] {
            assert!(read(broken).is_err(), "{broken:?}");
        }
    }
}
