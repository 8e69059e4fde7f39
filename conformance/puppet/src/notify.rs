//! Tells a supervisor how this process is, by datagrams of sd_notify(3), well-formed or not.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, IoSlice, Read};
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::PathBuf;

use nix::sys::socket::{ControlMessage, MsgFlags, UnixAddr, sendmsg};

/// Sends the words, one field a line, to `NOTIFY_SOCKET`.
pub(crate) fn send(words: &[&str]) -> Result<(), String> {
    send_to(&place()?, words)
}

/// Sends the words to another socket.
pub(crate) fn send_to(place: &OsString, words: &[&str]) -> Result<(), String> {
    let socket = UnixDatagram::unbound().map_err(told)?;
    deliver(&socket, place, &datagram(words))
}

/// Sends the words so many times.
pub(crate) fn flood(count: &str, words: &[&str]) -> Result<(), String> {
    let count: u32 = count.parse().map_err(|error| format!("{count}: {error}"))?;
    let socket = UnixDatagram::unbound().map_err(told)?;
    let (place, datagram) = (place()?, datagram(words));
    (0..count).try_for_each(|_| deliver(&socket, &place, &datagram))
}

/// Sends the words and behind them a field that fills the datagram up to so many bytes.
pub(crate) fn big(length: &str, words: &[&str]) -> Result<(), String> {
    let length: usize = length
        .parse()
        .map_err(|error| format!("{length}: {error}"))?;
    let mut datagram = datagram(words);
    datagram.extend_from_slice(b"\nX_FILL=");
    datagram.resize(length.max(datagram.len()), b'x');
    let socket = UnixDatagram::unbound().map_err(told)?;
    deliver(&socket, &place()?, &datagram)
}

/// Sends the words with a descriptor, and returns when nobody has it any more.
pub(crate) fn barrier(words: &[&str]) -> Result<(), String> {
    let (mut mine, theirs) = io::pipe().map_err(told)?;
    let socket = UnixDatagram::unbound().map_err(told)?;
    let bytes = datagram(words);
    let place = place()?;
    let address = match place.as_bytes().strip_prefix(b"@") {
        Some(name) => UnixAddr::new_abstract(name),
        None => UnixAddr::new(place.as_os_str()),
    };
    let descriptors = [theirs.as_raw_fd()];
    let sent = sendmsg(
        socket.as_raw_fd(),
        &[IoSlice::new(&bytes)],
        &[ControlMessage::ScmRights(&descriptors)],
        MsgFlags::empty(),
        Some(&address.map_err(|error| error.desc().to_owned())?),
    );
    sent.map_err(|error| error.desc().to_owned())?;
    drop(theirs);
    let mut nothing = Vec::new();
    mine.read_to_end(&mut nothing).map_err(told)?;
    Ok(())
}

/// Sends the words from a socket with a name, and returns what comes back.
pub(crate) fn asked(words: &[&str]) -> Result<String, String> {
    let record = env::var_os("PUPPET_RECORD").ok_or("PUPPET_RECORD is not set")?;
    let name = format!("answers-{}", std::process::id());
    let path = PathBuf::from(record).with_file_name(name);
    let socket = UnixDatagram::bind(&path).map_err(told)?;
    deliver(&socket, &place()?, &datagram(words))?;
    let mut room = [0; 4096];
    let length = socket.recv(&mut room).map_err(told)?;
    fs::remove_file(&path).map_err(told)?;
    let answer = String::from_utf8_lossy(&room[..length]);
    Ok(format!("heard {}", answer.trim_end().replace('\n', " ")))
}

/// Writes a text to a descriptor that this process was given, whatever it is.
pub(crate) fn write(descriptor: &str, text: &str) -> Result<(), String> {
    let mut file = File::options()
        .write(true)
        .open(format!("/proc/self/fd/{descriptor}"))
        .map_err(told)?;
    io::Write::write_all(&mut file, text.as_bytes()).map_err(told)
}

fn place() -> Result<OsString, String> {
    env::var_os("NOTIFY_SOCKET").ok_or_else(|| "NOTIFY_SOCKET is not set".to_owned())
}

fn datagram(words: &[&str]) -> Vec<u8> {
    words.join("\n").into_bytes()
}

fn deliver(socket: &UnixDatagram, place: &OsString, datagram: &[u8]) -> Result<(), String> {
    let address = match place.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(place),
    };
    let sent = socket.send_to_addr(datagram, &address.map_err(told)?);
    sent.map(|_| ()).map_err(told)
}

fn told(error: io::Error) -> String {
    error.to_string()
}
