//! /metrics, /health and /status over HTTP.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tiny_http::{Header, Method, Request, Response};
use trailcore_stream::pipeline::{PipelineMetrics, PipelineStatus};

use crate::failure::Failure;

/// Serves the state of the pipelines, in a thread. It ends with this object.
pub(crate) struct Server {
    http: Arc<tiny_http::Server>,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

/// Time in which a client has to take an answer.
const LIMIT: Duration = Duration::from_secs(2);

#[derive(Default)]
struct State {
    is_ending: AtomicBool,
    status: Mutex<Vec<PipelineStatus>>,
    metrics: PipelineMetrics,
}

impl Server {
    pub(crate) fn start(address: SocketAddr, status: Vec<PipelineStatus>) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::usage(format!("cannot listen on {address}: {error}"));
        let listener = listen(address).map_err(|error| failed(&error))?;
        let http = Arc::new(tiny_http::Server::from_listener(listener, None).map_err(|error| failed(&error))?);
        let state = Arc::new(State::default());
        let (serving, shown) = (Arc::clone(&http), Arc::clone(&state));
        let thread = std::thread::Builder::new().name("http".to_owned()).spawn(move || serve(&serving, &shown));
        let server = Self { http, state, thread: Some(thread.map_err(|error| failed(&error))?) };
        server.set(status);
        Ok(server)
    }

    pub(crate) fn address(&self) -> String {
        self.http.server_addr().to_ip().map_or_else(String::new, |address| address.to_string())
    }

    /// Sets what is served.
    pub(crate) fn set(&self, status: Vec<PipelineStatus>) {
        self.state.metrics.set(status.clone());
        *self.state.status.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.is_ending.store(true, Ordering::Relaxed);
        self.http.unblock();
        if let Some(thread) = self.thread.take() {
            // A panic in it has been reported already.
            let _ = thread.join();
        }
    }
}

/// Listens at an address. Connections that it accepts inherit the time limit for writing.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    TcpStream::from(OwnedFd::from(listener.try_clone()?)).set_write_timeout(Some(LIMIT))?;
    Ok(listener)
}

fn serve(server: &tiny_http::Server, state: &State) {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(state.metrics.clone()));
    // A client that does not take its answers gets none to the requests that it has sent ahead.
    let mut stuck = None;
    for request in server.incoming_requests() {
        let client = request.remote_addr().copied();
        if state.is_ending.load(Ordering::Relaxed) || (client.is_some() && client == stuck) {
            // Without an answer, which nobody may take.
            drop(request.into_writer());
            continue;
        }
        let (code, kind, body) = match (request.method(), request.url()) {
            (Method::Get, "/metrics") => metrics(&registry, takes_open_metrics(&request)),
            (Method::Get, "/status") => status(state),
            (Method::Get, "/health") => health(state),
            _ => (404, "text/plain; charset=utf-8", "there are /metrics, /health and /status\n".to_owned()),
        };
        let mut response = Response::from_string(body).with_status_code(code);
        if let Ok(header) = Header::from_bytes("Content-Type", kind) {
            response = response.with_header(header);
        }
        let begun = Instant::now();
        // The client may be gone.
        if request.respond(response).is_err() || begun.elapsed() >= LIMIT {
            stuck = client;
        }
    }
    while let Ok(Some(request)) = server.try_recv() {
        drop(request.into_writer());
    }
}

/// Returns whether the client asks for OpenMetrics, as Prometheus does.
fn takes_open_metrics(request: &Request) -> bool {
    let accepts =
        |header: &Header| header.field.equiv("Accept") && header.value.as_str().contains("application/openmetrics-text");
    request.headers().iter().any(accepts)
}

fn metrics(registry: &Registry, is_open: bool) -> (u16, &'static str, String) {
    let mut text = String::new();
    match encode(&mut text, registry) {
        Ok(()) if is_open => (200, "application/openmetrics-text; version=1.0.0; charset=utf-8", text),
        Ok(()) => (200, "text/plain; version=0.0.4; charset=utf-8", before_open_metrics(&text)),
        Err(error) => (500, "text/plain; charset=utf-8", error.to_string()),
    }
}

/// Returns metrics in the text format before OpenMetrics, where the name of a counter has its ending in the comments, too.
fn before_open_metrics(text: &str) -> String {
    let counters: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    let mut lines = String::with_capacity(text.len());
    for line in text.lines().filter(|line| *line != "# EOF") {
        let mut parts = line.splitn(4, ' ');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("#"), Some(kind), Some(name), Some(rest)) if counters.contains(&name) => {
                lines += &format!("# {kind} {name}_total {rest}\n");
            }
            _ => lines = lines + line + "\n",
        }
    }
    lines
}

fn status(state: &State) -> (u16, &'static str, String) {
    let status = state.status.lock().unwrap_or_else(PoisonError::into_inner);
    match serde_json::to_string(&*status) {
        Ok(text) => (200, "application/json", text),
        Err(error) => (500, "text/plain; charset=utf-8", error.to_string()),
    }
}

fn health(state: &State) -> (u16, &'static str, String) {
    let status = state.status.lock().unwrap_or_else(PoisonError::into_inner);
    let ill: Vec<_> = status.iter().filter(|pipeline| !pipeline.is_healthy()).map(|pipeline| pipeline.name.as_str()).collect();
    if ill.is_empty() {
        (200, "text/plain; charset=utf-8", "ok\n".to_owned())
    } else {
        (503, "text/plain; charset=utf-8", format!("{}\n", ill.join("\n")))
    }
}
