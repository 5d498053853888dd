//! Torch over HTTP: one call at a time, bounded in time and size. Only the gate calls this.

use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{Either, join_all, select};
use worker::{
    AbortController, CacheMode, Delay, Fetch, Headers, Method, Request, RequestInit,
    RequestRedirect, Response,
};

use crate::case::{Case, CaseError, MAX_BODY};
use crate::edge::config::Config;
use crate::edge::observe;
use crate::entry::Entry;
use crate::problem::{Code, Problem};
use crate::receipt::ReceiptNumber;
use crate::retry::retry_after;
use crate::time::UnixSeconds;

/// How long Torch has for the whole of an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What Torch said of one case: an entry to keep, or a problem to tell; and the status it came with.
#[derive(Debug, Clone)]
pub(in crate::edge) struct Said {
    pub(in crate::edge) outcome: Result<String, Problem>,
    pub(in crate::edge) status: Option<u16>,
}

impl Said {
    fn problem(problem: Problem, status: Option<u16>) -> Self {
        Self {
            outcome: Err(problem),
            status,
        }
    }
}

/// Asks Torch for some cases, in as few calls as it takes. The answer has each of them.
pub(in crate::edge) async fn ask(
    config: &Config,
    receipts: &[ReceiptNumber],
) -> HashMap<ReceiptNumber, Said> {
    let parts = receipts
        .chunks(config.batch_max)
        .map(|part| ask_part(config, part));
    join_all(parts).await.into_iter().flatten().collect()
}

/// One call; where Torch rejects it for some of its receipts, its halves are asked again.
async fn ask_part(config: &Config, part: &[ReceiptNumber]) -> Vec<(ReceiptNumber, Said)> {
    let mut said = Vec::with_capacity(part.len());
    let mut parts = vec![part];
    while let Some(part) = parts.pop() {
        match part {
            [] => {}
            [receipt] => said.push((*receipt, ask_one(config, *receipt).await)),
            _ => match ask_several(config, part).await {
                Ok(all) => said.extend(all),
                Err(whole) if splits(&whole) => {
                    let (first, second) = part.split_at(part.len().div_ceil(2));
                    parts.extend([second, first]);
                }
                Err(whole) => said.extend(part.iter().map(|receipt| (*receipt, whole.clone()))),
            },
        }
    }
    said
}

/// Whether a rejected batch may be the fault of some of its receipts only (torch-api.txt: 400, 404,
/// and 409 "batch constraints").
fn splits(whole: &Said) -> bool {
    matches!(whole.status, Some(400 | 404 | 409 | 413 | 414 | 422))
}

async fn ask_one(config: &Config, receipt: ReceiptNumber) -> Said {
    let url = format!("{}/case-status?receipt={}", config.torch, receipt.as_str());
    let (status, body) = match call(config, &url).await {
        Ok(answer) => answer,
        Err(said) if said.status == Some(404) => {
            return Said {
                outcome: Ok(absent(config, receipt)),
                status: Some(404),
            };
        }
        Err(said) => return said,
    };
    let case = Case::read(&body, &config.names).and_then(|case| match case.receipt == receipt {
        true => Ok(case),
        false => Err(CaseError::wrong_case()),
    });
    match case {
        Ok(case) => Said {
            outcome: Ok(found(config, &case)),
            status: Some(status),
        },
        Err(error) => unusable(&error, status),
    }
}

async fn ask_several(
    config: &Config,
    receipts: &[ReceiptNumber],
) -> Result<Vec<(ReceiptNumber, Said)>, Said> {
    let query: Vec<String> = receipts
        .iter()
        .map(|receipt| format!("receipt={}", receipt.as_str()))
        .collect();
    let url = format!("{}/case-status/batch?{}", config.torch, query.join("&"));
    let (status, body) = call(config, &url).await?;
    let records =
        Case::read_batch(&body, &config.names).map_err(|error| unusable(&error, status))?;
    let mut found_in = HashMap::new();
    let mut fault = None;
    for record in records {
        match record {
            Ok(case) => {
                found_in.entry(case.receipt).or_insert(case);
            }
            Err(error) => fault = Some(error),
        }
    }
    let answer = receipts.iter().map(|&receipt| {
        let said = match (found_in.get(&receipt), &fault) {
            (Some(case), _) => Said {
                outcome: Ok(found(config, case)),
                status: Some(status),
            },
            // It may be the record that could not be read.
            (None, Some(error)) => unusable(error, status),
            // Torch leaves out of a batch what it does not recognise.
            (None, None) => Said {
                outcome: Ok(absent(config, receipt)),
                status: Some(status),
            },
        };
        (receipt, said)
    });
    Ok(answer.collect())
}

fn found(config: &Config, case: &Case<'_>) -> String {
    Entry::of_case(case, &config.table, now())
}

fn absent(config: &Config, receipt: ReceiptNumber) -> String {
    Entry::absent(config.table.window_not_found(receipt, now())).write()
}

fn unusable(error: &CaseError, status: u16) -> Said {
    observe::error(
        "Torch's answer cannot be used",
        &[("fault", &error.code()), ("status", &status)],
    );
    Said::problem(
        Problem::new(Code::TorchUnusable, format!("{error}. Ask again later.")),
        Some(status),
    )
}

/// One call: the status and the body of a 200, or what any other answer means for every case asked.
async fn call(config: &Config, url: &str) -> Result<(u16, Vec<u8>), Said> {
    let controller = AbortController::default();
    let signal = controller.signal();
    let answer = pin!(async {
        let mut response = Fetch::Request(request(config, url)?)
            .send_with_signal(&signal)
            .await?;
        let status = response.status_code();
        if status != 200 {
            return Ok(Err(refused(&response)));
        }
        Ok::<_, worker::Error>(bounded(&mut response).await?.map(|body| (status, body)))
    });
    match select(answer, pin!(Delay::from(TIMEOUT))).await {
        Either::Left((Ok(answer), _)) => {
            if answer.is_err() {
                // What is left of the body is not wanted.
                controller.abort();
            }
            answer
        }
        Either::Left((Err(_), _)) => {
            observe::error("Torch cannot be reached, or the connection broke", &[]);
            let detail = "The connection to Torch failed or broke. Ask again later.";
            Err(Said::problem(
                Problem::new(Code::TorchUnreachable, detail),
                None,
            ))
        }
        Either::Right(_) => {
            controller.abort();
            observe::error(
                "Torch did not answer in time",
                &[("seconds", &TIMEOUT.as_secs())],
            );
            let detail = format!(
                "Torch did not answer within {} seconds. Ask again later.",
                TIMEOUT.as_secs()
            );
            Err(Said::problem(
                Problem::new(Code::TorchTimeout, detail),
                None,
            ))
        }
    }
}

fn request(config: &Config, url: &str) -> worker::Result<Request> {
    let headers = Headers::new();
    headers.set("authorization", &config.key.authorization())?;
    headers.set("accept", "application/json")?;
    let mut init = RequestInit::new();
    // A redirect would carry the key to whatever host it names.
    init.with_method(Method::Get)
        .with_headers(headers)
        .with_redirect(RequestRedirect::Manual)
        // Torch's own word, not that of a cache on the way.
        .with_cache(CacheMode::NoStore);
    Request::new_with_init(url, &init)
}

/// The body, up to the cap; above it, what that means.
async fn bounded(response: &mut Response) -> worker::Result<Result<Vec<u8>, Said>> {
    let mut body = Vec::new();
    let mut stream = response.stream()?;
    while let Some(chunk) = stream.next().await {
        body.extend_from_slice(&chunk?);
        if body.len() > MAX_BODY {
            return Ok(Err(Said::problem(
                Problem::new(
                    Code::TorchUnusable,
                    "Torch's answer cannot be used: it is larger than 1 MiB. Ask again later.",
                ),
                Some(200),
            )));
        }
    }
    Ok(Ok(body))
}

/// What an answer other than 200 means.
fn refused(response: &Response) -> Said {
    let status = response.status_code();
    let wait = response.headers().get("retry-after").ok().flatten();
    let wait = wait.and_then(|field| retry_after(&field, now()));
    let (code, detail) = match status {
        400 | 422 => (
            Code::TorchBadRequest,
            "Torch rejects the request for this receipt number.",
        ),
        401 => (
            Code::TorchUnauthorized,
            "Torch refuses this proxy's key, not your token. Its operator should check PARLEY_API_KEY.",
        ),
        403 => (
            Code::TorchForbidden,
            "This proxy's key is not enabled for this Torch environment. Its operator should ask Parley.",
        ),
        404 => (
            Code::CaseNotFound,
            "Torch does not recognize this receipt number at this time.",
        ),
        409 => (
            Code::TorchConflict,
            "Torch reports a conflicting request. Ask again later.",
        ),
        429 => (
            Code::TorchRateLimited,
            "Torch's rate limit is reached. Ask again after the time in Retry-After.",
        ),
        _ => (Code::TorchFailed, "Torch failed. Ask again later."),
    };
    if !matches!(status, 404 | 429) {
        observe::error(
            "Torch did not answer with a case",
            &[("status", &status), ("code", &code.id())],
        );
    }
    let wait = match code {
        // Whoever is told to wait is told how long.
        Code::TorchRateLimited => Some(wait.unwrap_or(60)),
        Code::TorchFailed => wait,
        _ => None,
    };
    Said::problem(Problem::new(code, detail).after(wait), Some(status))
}

fn now() -> UnixSeconds {
    UnixSeconds::from_millis(js_sys::Date::now())
}
