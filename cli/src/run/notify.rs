//! Messages to systemd, if it has started the program (sd_notify(3)).

use std::os::unix::net::UnixDatagram;

/// Reports that the pipelines run.
pub(crate) fn ready() {
    send("READY=1");
}

/// Reports that the pipelines are being stopped.
pub(crate) fn stopping() {
    send("STOPPING=1");
}

fn send(state: &str) {
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else { return };
    // The service manager may be gone; the pipelines do not depend on it.
    let _ = UnixDatagram::unbound().and_then(|sender| sender.send_to(state.as_bytes(), socket));
}
