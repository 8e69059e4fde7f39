//! Finds the addresses of a server, and connects to one of them in time.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// What is accepted, for messages.
const ACCEPTED: &str = "accepted: HOST:PORT, [ADDRESS]:PORT for IPv6, :PORT for the local host";

/// A host and a port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Address {
    /// A name or an address; empty: the local host.
    pub(super) host: String,
    pub(super) port: u16,
}

/// When a probe has to be done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    timeout: Duration,
    /// `None`: so far away that no clock gets there.
    end: Option<Instant>,
}

impl Limit {
    pub(super) fn new(timeout: Duration) -> Limit {
        let end = Instant::now().checked_add(timeout);
        Limit { timeout, end }
    }

    /// Not later than this, and not later than so long from now.
    pub(super) fn within(self, timeout: Duration) -> Limit {
        let other = Limit::new(timeout);
        let end = self.end.into_iter().chain(other.end).min();
        Limit { end, ..self }
    }

    /// What is left, and never nothing.
    ///
    /// # Errors
    /// That the time is up.
    pub(super) fn left(&self) -> Result<Duration, String> {
        let left = self.end.map_or(Duration::MAX, |end| {
            end.saturating_duration_since(Instant::now())
        });
        match left.is_zero() {
            true => Err(self.is_up()),
            false => Ok(left),
        }
    }

    /// That the time is up, in words.
    pub(super) fn is_up(&self) -> String {
        format!("no answer in {:?}", self.timeout)
    }
}

impl Address {
    /// `host:port`, `[::1]:port`, `:port`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Address, String> {
        let wrong = || format!("{text:?} is not accepted; {ACCEPTED}");
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = port
            .parse()
            .ok()
            // `+80` is a number for Rust and no port for anybody else.
            .filter(|number| *number != 0 && port.bytes().all(|byte| byte.is_ascii_digit()))
            .ok_or_else(wrong)?;
        let host = Address::host(host).ok_or_else(wrong)?;
        Ok(Address { host, port })
    }

    /// A name, or an address; one of IPv6 in brackets, which are taken off.
    pub(super) fn host(text: &str) -> Option<String> {
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']')?;
            return inner.parse::<Ipv6Addr>().ok().map(|_| inner.to_owned());
        }
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        text.bytes().all(is_fine).then(|| text.to_owned())
    }

    /// Connects to the first address that accepts it.
    ///
    /// # Errors
    /// Why the first one did not.
    pub(super) fn connect(&self, limit: &Limit) -> Result<TcpStream, String> {
        let addresses = self.resolve()?;
        let mut reason = None;
        for (index, address) in addresses.iter().enumerate() {
            // One that swallows what it gets must not eat the time of the others.
            let others = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
            let share = limit.left()? / others;
            let connected =
                TcpStream::connect_timeout(address, share.max(Duration::from_millis(1)));
            let why = match connected {
                Ok(stream) if is_connected_to_itself(&stream) => {
                    format!("cannot connect to {address}: connection refused")
                }
                Ok(stream) => return Ok(stream),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => limit.is_up(),
                Err(error) => format!(
                    "cannot connect to {address}: {}",
                    bowout_sys::reason(&error)
                ),
            };
            reason.get_or_insert(why);
        }
        Err(reason.unwrap_or_else(|| format!("{:?} has no address", self.host)))
    }

    fn resolve(&self) -> Result<Vec<SocketAddr>, String> {
        let with_port = |address: IpAddr| SocketAddr::new(address, self.port);
        // "localhost" is the local host wherever it is looked up (RFC 6761, 6.3), and in an image without
        // /etc/hosts there is nobody to ask.
        if self.host.is_empty() || self.host.eq_ignore_ascii_case("localhost") {
            let both = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            return Ok(both.map(with_port).to_vec());
        }
        if let Ok(address) = self.host.parse() {
            return Ok(vec![with_port(address)]);
        }
        self.look_up()
    }

    /// Asks the resolver, which knows no limit: [`run`](super::run) ends the process when the time is up.
    fn look_up(&self) -> Result<Vec<SocketAddr>, String> {
        let found = (self.host.as_str(), self.port).to_socket_addrs();
        let found = found.map_err(|error| {
            let why = bowout_sys::reason(&error);
            format!("cannot find {:?}: {why}", self.host)
        });
        found.map(Iterator::collect)
    }
}

/// Where nobody listens on a port of the range that outgoing connections use, the kernel may give that
/// very port to the probe, and TCP then connects it to itself (RFC 9293, 3.5, simultaneous open).
fn is_connected_to_itself(stream: &TcpStream) -> bool {
    match (stream.local_addr(), stream.peer_addr()) {
        (Ok(local), Ok(peer)) => local == peer,
        (Ok(_) | Err(_), _) => false,
    }
}
