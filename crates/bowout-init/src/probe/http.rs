//! Makes one HTTP request and reads the status of the answer.

use super::address::{Address, Limit};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// The status comes within so many bytes, or never.
const LONGEST: usize = 16 * 1024;

/// How much of the rest is read, and for how long, so that a server does not find its client gone in the
/// middle of an answer and say so in its log.
const REST: usize = 64 * 1024;
const REST_TIME: Duration = Duration::from_millis(250);

/// Where to ask, and for what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Url {
    address: Address,
    /// The `Host` field.
    host: String,
    /// The path with the query.
    path: String,
}

impl Url {
    /// `http://host/path`, `http://host:port/path?query`, `http://:port/`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Url, String> {
        let wrong = |what: &str| format!("{text:?} is not accepted: {what}");
        if text
            .get(..8)
            .is_some_and(|start| start.eq_ignore_ascii_case("https://"))
        {
            return Err(wrong(
                "there is no TLS here; ask with a command, such as curl -fsS",
            ));
        }
        let rest = text
            .get(..7)
            .filter(|start| start.eq_ignore_ascii_case("http://"))
            .map(|_| &text[7..])
            .ok_or_else(|| wrong("it does not begin with http://"))?;
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong("spaces and letters beyond ASCII are written as %20"));
        }
        let rest = rest.split('#').next().unwrap_or(rest);
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(wrong(
                "names and passwords can be seen by all; ask with a command",
            ));
        }
        let has_port = authority.rfind(':') > authority.rfind(']');
        let address = match has_port {
            true => Address::parse(authority).map_err(|_| wrong("its host or port is none"))?,
            false => Address {
                host: Address::host(authority)
                    .filter(|host| !host.is_empty())
                    .ok_or_else(|| wrong("its host is none"))?,
                port: 80,
            },
        };
        let host = match authority.strip_prefix(':') {
            Some(port) => format!("localhost:{port}"),
            None => authority.to_owned(),
        };
        let path = match path.starts_with('/') {
            true => path.to_owned(),
            false => format!("/{path}"),
        };
        Ok(Url {
            address,
            host,
            path,
        })
    }

    /// Asks, and gives the status.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn get(&self, limit: &Limit) -> Result<u16, String> {
        let mut stream = self.address.connect(limit)?;
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: bowout-probe/{}\r\nAccept: */*\r\nConnection: close\r\n\r\n",
            self.path,
            self.host,
            env!("CARGO_PKG_VERSION")
        );
        let set = stream.set_write_timeout(Some(limit.left()?));
        let sent = set.and_then(|()| stream.write_all(request.as_bytes()));
        sent.map_err(|error| failed(&error, limit))?;
        let mut answer = Vec::new();
        let status = loop {
            if let Some(status) = status(&answer)? {
                break status;
            }
            if answer.len() >= LONGEST {
                return Err("the answer is no HTTP".to_owned());
            }
            let mut room = [0; 2048];
            let count =
                read(&mut stream, &mut room, limit).map_err(|error| failed(&error, limit))?;
            if count == 0 {
                return Err("the server closed the connection without an answer".to_owned());
            }
            answer.extend_from_slice(&room[..count]);
        };
        let limit = limit.within(REST_TIME);
        let mut rest = REST;
        let mut room = [0; 4096];
        while let Ok(count) = read(&mut stream, &mut room, &limit)
            && count > 0
            && rest > 0
        {
            rest = rest.saturating_sub(count);
        }
        Ok(status)
    }
}

fn read(stream: &mut TcpStream, room: &mut [u8], limit: &Limit) -> io::Result<usize> {
    loop {
        let left = limit.left().map_err(|_| io::ErrorKind::TimedOut)?;
        stream.set_read_timeout(Some(left))?;
        match stream.read(room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

fn failed(error: &io::Error, limit: &Limit) -> String {
    // The kernel says EAGAIN when the time of a socket is up (socket(7), SO_RCVTIMEO).
    let up = [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut];
    match up.contains(&error.kind()) {
        true => limit.is_up(),
        false => bowout_sys::reason(error),
    }
}

/// The status in the first line, behind those that only say that there is one to come (RFC 9110, 15.2).
/// `None`: it is not all there.
fn status(answer: &[u8]) -> Result<Option<u16>, String> {
    let mut rest = answer;
    loop {
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            // Whatever does not begin like this never will.
            let is_http = rest.len() >= 5 && !rest.starts_with(b"HTTP/");
            return match is_http {
                true => Err("the answer is no HTTP".to_owned()),
                false => Ok(None),
            };
        };
        let status = first_line(&rest[..end]).ok_or("the answer is no HTTP")?;
        if status >= 200 {
            return Ok(Some(status));
        }
        let blank = rest.windows(4).position(|window| window == b"\r\n\r\n");
        match blank {
            Some(at) => rest = &rest[at + 4..],
            None => return Ok(None),
        }
    }
}

/// `HTTP/1.1 200 OK`
fn first_line(line: &[u8]) -> Option<u16> {
    let (version, rest) = line.strip_prefix(b"HTTP/1.")?.split_first()?;
    let (status, behind) = rest.strip_prefix(b" ")?.split_at_checked(3)?;
    let is_right = version.is_ascii_digit()
        && status.iter().all(u8::is_ascii_digit)
        && matches!(behind.first(), None | Some(b' ' | b'\r'));
    let status = std::str::from_utf8(status).ok()?.parse().ok();
    status.filter(|status| is_right && (100..600).contains(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> (String, u16, String, String) {
        let url = Url::parse(text).unwrap();
        (url.address.host, url.address.port, url.host, url.path)
    }

    #[test]
    fn urls_are_taken_apart() {
        let own = |host: &str, port, field: &str, path: &str| {
            (host.to_owned(), port, field.to_owned(), path.to_owned())
        };
        assert_eq!(url("http://web"), own("web", 80, "web", "/"));
        assert_eq!(url("HTTP://web:81/a?b#c"), own("web", 81, "web:81", "/a?b"));
        assert_eq!(url("http://:8080/x"), own("", 8080, "localhost:8080", "/x"));
        assert_eq!(url("http://[::1]/"), own("::1", 80, "[::1]", "/"));
        assert_eq!(url("http://[::1]:81?q"), own("::1", 81, "[::1]:81", "/?q"));
        for (bad, why) in [
            ("https://web/", "curl -fsS"),
            ("HTTPS://web/", "curl -fsS"),
            ("web:80", "http://"),
            ("http://", "host"),
            ("http:///path", "host"),
            ("http://web:0/", "port"),
            ("http://web:99999/", "port"),
            ("http://::1/", "port"),
            ("http://[web]/", "host"),
            ("http://me:secret@web/", "command"),
            ("http://web/a b", "%20"),
            ("http://web/ä", "%20"),
            ("http://web/\r\nX: y", "%20"),
            ("", "http://"),
            ("http:/ä", "http://"),
        ] {
            let error = Url::parse(bad).unwrap_err();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }

    #[test]
    fn a_status_is_found_wherever_the_network_cuts() {
        let early = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 302 Found\r\n";
        for cut in 0..early.len() {
            assert_eq!(status(&early[..cut]), Ok(None), "{cut}");
        }
        assert_eq!(status(early), Ok(Some(302)));
        assert_eq!(status(b"HTTP/1.0 200\n"), Ok(Some(200)));
        assert_eq!(status(b"HTTP/1.1 404 Not Found\r\nmore"), Ok(Some(404)));
        for bad in [
            &b"SSH-2.0-OpenSSH"[..],
            b"\n",
            b"HTTP/1.1 2000 x\n",
            b"HTTP/1.1 20x \n",
            b"HTTP/1.1 099 \n",
            b"HTTP/2 200 OK\n",
            b"HTTP/1.1\n",
            b"\xff\xff\xff\xff\xff",
        ] {
            let text = String::from_utf8_lossy(bad);
            assert!(status(bad).is_err(), "{text}");
        }
    }
}
