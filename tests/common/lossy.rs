//! A network that brings requests to the server and loses the answers to some.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

/// Starts it before a server, `http://HOST:PORT`; gives back its own address. The answers to paths with this end are lost.
pub fn losing_answers_to(end: &'static str, server: &str) -> String {
    let (listener, server) =
        (TcpListener::bind("127.0.0.1:0").unwrap(), server.strip_prefix("http://").unwrap().to_owned());
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for phone in listener.incoming() {
            // What goes wrong on the way is what networks do.
            let _ = pass_on(phone.unwrap(), &server, end);
        }
    });
    url
}

/// One request a connection.
fn pass_on(mut phone: TcpStream, server: &str, end: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(phone.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let from = head.len();
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
        if let Some(number) = head[from..].to_ascii_lowercase().strip_prefix("content-length:") {
            length = number.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let lost = head.split(' ').nth(1).is_some_and(|path| path.ends_with(end));
    let mut server = TcpStream::connect(server)?;
    server.write_all(head.replacen("\r\n", "\r\nconnection: close\r\n", 1).as_bytes())?;
    server.write_all(&body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    if lost { Ok(()) } else { phone.write_all(&answer) }
}
