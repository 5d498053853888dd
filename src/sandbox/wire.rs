//! From an answer to the platform's response, with what a broken wire does to its bytes.

use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt};
use worker::worker_sys::FixedLengthStream as RawFixedLengthStream;
use worker::{Delay, Error, FixedLengthStream, Headers, Response, ResponseBody, Result};

use super::answer::{Answer, Wire};

/// 26 MiB in chunks of 64 KiB.
const CHUNK: usize = 65_536;
const CHUNKS: usize = 416;
/// How long a slow body takes, and in how many pieces it comes at most.
const SLOW: Duration = Duration::from_secs(60);
const PIECES: usize = 60;

/// The response that `answer` is.
pub(super) fn response(answer: Answer, head: bool) -> Result<Response> {
    let headers = Headers::new();
    for (name, value) in &answer.headers {
        headers.set(name, value)?;
    }
    // Nothing between here and the client may keep an answer of this clock.
    headers.set("cache-control", "no-store")?;
    let response = match answer.wire {
        _ if head || matches!(answer.status, 204 | 205 | 304) => Response::empty()?,
        Wire::Whole => Response::from_body(ResponseBody::Body(answer.body))?,
        Wire::Cut => cut(answer.body)?,
        Wire::Huge => Response::from_stream(huge(answer.body))?,
        Wire::Slow => Response::from_stream(slow(answer.body))?,
    };
    Ok(response.with_status(answer.status).with_headers(headers))
}

/// The whole length promised, half of it sent, then the connection breaks.
fn cut(body: Vec<u8>) -> Result<Response> {
    let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
    let half = body
        .get(..body.len().div_euclid(2))
        .unwrap_or_default()
        .to_vec();
    // The half has to be on its way before the break, or the break overtakes it.
    let pieces = stream::iter([Some(half), None]).then(async |piece| match piece {
        Some(half) => Ok(half),
        None => {
            Delay::from(Duration::from_millis(50)).await;
            Err(Error::from("cut off, as a fault asked for"))
        }
    });
    let raw = RawFixedLengthStream::from(FixedLengthStream::wrap(pieces, length));
    Response::from_body(ResponseBody::Stream(raw.readable()))
}

/// The body with 26 MiB of an array or of a member more after its first byte: still JSON.
fn huge(mut body: Vec<u8>) -> impl Stream<Item = Result<Vec<u8>>> {
    let rest = body.split_off(body.len().min(1));
    let (before, after): (&[u8], &[u8]) = match body.first() {
        Some(b'[') if rest.len() > 1 => (b"\"", b"\","),
        Some(b'[') => (b"\"", b"\""),
        _ => (b"\"padding\":\"", b"\","),
    };
    body.extend_from_slice(before);
    let tail = [after, &rest].concat();
    let middle = (0..CHUNKS).map(|_| vec![b'x'; CHUNK]);
    let parts = std::iter::once(body).chain(middle).chain([tail]);
    stream::iter(parts.map(Ok))
}

/// The body in pieces, with the time shared out before each.
fn slow(body: Vec<u8>) -> impl Stream<Item = Result<Vec<u8>>> {
    let size = body.len().div_ceil(PIECES).max(1);
    let pieces: Vec<Vec<u8>> = body.chunks(size).map(<[u8]>::to_vec).collect();
    let count = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
    let pause = SLOW.checked_div(count).unwrap_or(SLOW);
    stream::iter(pieces).then(move |piece| async move {
        Delay::from(pause).await;
        Ok(piece)
    })
}
