//! Asks servers of its own, on ports that the kernel gives.

use super::*;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Instant;

/// More than any of this takes, unless it is broken.
const LONG: Duration = Duration::from_secs(60);

fn code(words: &[&str]) -> u8 {
    run(words.iter().map(OsString::from).collect())
}

fn answer(text: &str) -> Result<(), String> {
    let words = if text.starts_with("http") {
        "http"
    } else {
        "tcp"
    };
    ask_within(words, text, LONG)
}

fn ask_within(kind: &str, text: &str, timeout: Duration) -> Result<(), String> {
    match parse(vec![kind.into(), text.into()]).unwrap() {
        Parsed::Ask { question, .. } => ask(&question, &Limit::new(timeout)),
        Parsed::Help => panic!("nobody asked for help"),
    }
}

fn listen(address: &str) -> (TcpListener, u16) {
    let listener = TcpListener::bind(address).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// A server for one request, which it gives back.
fn serve(
    respond: impl FnOnce(&mut TcpStream) + Send + 'static,
) -> (u16, thread::JoinHandle<String>) {
    let (listener, port) = listen("127.0.0.1:0");
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        respond(&mut stream);
        String::from_utf8(request).unwrap()
    });
    (port, server)
}

#[test]
fn a_server_that_listens_is_there() {
    let (listener, port) = listen("127.0.0.1:0");
    for host in ["127.0.0.1", "", "localhost", "LOCALHOST"] {
        assert_eq!(answer(&format!("{host}:{port}")), Ok(()), "{host}");
    }
    assert_eq!(code(&["tcp", &format!(":{port}"), "--timeout", "1m"]), 0);
    drop(listener);
    let error = answer(&format!("127.0.0.1:{port}")).unwrap_err();
    assert_eq!(
        error,
        format!("cannot connect to 127.0.0.1:{port}: connection refused")
    );
    assert_eq!(code(&["tcp", &format!(":{port}")]), 1);
}

#[test]
fn the_local_host_has_two_addresses() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        eprintln!("SKIP the_local_host_has_two_addresses: no IPv6 here");
        return;
    };
    let port = listener.local_addr().unwrap().port();
    assert_eq!(answer(&format!("[::1]:{port}")), Ok(()));
    assert_eq!(answer(&format!(":{port}")), Ok(()));
}

#[test]
fn a_status_below_400_is_a_yes() {
    for (line, expected) in [
        ("HTTP/1.1 200 OK", Ok(())),
        ("HTTP/1.0 204 No Content", Ok(())),
        ("HTTP/1.1 302 Found", Ok(())),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK", Ok(())),
        ("HTTP/1.1 404 Not Found", Err("status 404".to_owned())),
        ("HTTP/1.1 503 Busy", Err("status 503".to_owned())),
        ("220 mail ready", Err("the answer is no HTTP".to_owned())),
    ] {
        let answer_text = format!("{line}\r\nContent-Length: 2\r\n\r\nok");
        let (port, server) = serve(move |stream| stream.write_all(answer_text.as_bytes()).unwrap());
        assert_eq!(
            answer(&format!("http://127.0.0.1:{port}/up?x=1")),
            expected,
            "{line}"
        );
        let request = server.join().unwrap();
        assert!(request.starts_with("GET /up?x=1 HTTP/1.1\r\n"), "{request}");
        assert!(
            request.contains(&format!("\r\nHost: 127.0.0.1:{port}\r\n")),
            "{request}"
        );
        assert!(request.contains("\r\nConnection: close\r\n"), "{request}");
    }
}

#[test]
fn a_server_that_says_nothing_costs_no_more_than_the_limit() {
    let (listener, port) = listen("127.0.0.1:0");
    let began = Instant::now();
    let url = format!("http://127.0.0.1:{port}/");
    let error = ask_within("http", &url, Duration::from_millis(30)).unwrap_err();
    assert_eq!(error, "no answer in 30ms");
    assert!(began.elapsed() < LONG);
    drop(listener);
}

#[test]
fn one_letter_at_a_time_does_not_make_the_limit_longer() {
    let (port, server) = serve(|stream| {
        // Until the probe has had enough.
        while stream.write_all(b"H").is_ok() {
            thread::yield_now();
        }
    });
    let url = format!("http://127.0.0.1:{port}/");
    let error = ask_within("http", &url, LONG).unwrap_err();
    assert_eq!(error, "the answer is no HTTP");
    server.join().unwrap();
    // A beginning that is right, and that never ends.
    let (port, server) = serve(|stream| {
        _ = stream.write_all(b"HTTP/1.1 200");
        while stream.write_all(b" ").is_ok() {
            thread::yield_now();
        }
    });
    let url = format!("http://127.0.0.1:{port}/");
    let error = ask_within("http", &url, LONG).unwrap_err();
    assert_eq!(error, "the answer is no HTTP");
    server.join().unwrap();
}

#[test]
fn a_server_that_hangs_up_is_a_no() {
    let (port, server) = serve(|_| {});
    let error = answer(&format!("http://127.0.0.1:{port}/")).unwrap_err();
    assert_eq!(error, "the server closed the connection without an answer");
    server.join().unwrap();
}

#[test]
fn an_answer_without_an_end_is_a_yes_all_the_same() {
    let (port, server) = serve(|stream| {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    assert_eq!(answer(&format!("http://127.0.0.1:{port}/")), Ok(()));
    server.join().unwrap();
}

#[test]
fn a_name_that_nobody_has_is_told() {
    // No name is so long (RFC 1035, 2.3.4), so nobody else is asked.
    let name = "a.".repeat(200);
    let error = answer(&format!("{name}:80")).unwrap_err();
    assert!(
        error.starts_with(&format!("cannot find {name:?}: ")),
        "{error}"
    );
}

#[test]
fn bad_arguments_are_no_answer() {
    for words in [
        &[][..],
        &["tcp"],
        &["tcp", "80"],
        &["tcp", ":0"],
        &["tcp", ":+80"],
        &["tcp", "::1:80"],
        &["tcp", "a b:80"],
        &["tcp", ":80", ":81"],
        &["udp", ":80"],
        &["http", "https://web/"],
        &["http", "http://web/", "--timeout", "0"],
        &["http", "http://web/", "--timeout", "x"],
        &["http", "http://web/", "--timeout"],
        &["http", "http://web/", "--insecure"],
    ] {
        assert_eq!(code(words), crate::OWN_ERROR, "{words:?}");
    }
    assert_eq!(code(&["--help"]), 0);
    assert!(check_http("https://web/").unwrap_err().contains("curl"));
    assert_eq!(check_tcp("[::1]:80"), Ok(()));
}

#[test]
fn the_help_is_in_the_reference() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/commands/probe.md");
    let reference = std::fs::read_to_string(path).unwrap();
    for word in [
        "probe tcp HOST:PORT",
        "probe http URL",
        "--timeout DURATION",
        "125",
    ] {
        assert!(HELP.contains(word) && reference.contains(word), "{word}");
    }
}
