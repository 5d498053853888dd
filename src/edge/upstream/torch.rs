//! Torch over HTTP: one call at a time, bounded in time and size. Only the gate calls this.

use js_sys::futures::JsFuture;
use wasm_bindgen::JsCast;

use crate::case::{Case, CaseError, MAX_BODY};
use crate::edge::config::Config;
use crate::edge::glue;
use crate::edge::observe;
use crate::entry::Entry;
use crate::problem::{Code, Problem};
use crate::ratelimit::{self, Fields, Window};
use crate::receipt::ReceiptNumber;
use crate::reply::{Answer, Reply};
use crate::retry::retry_after;
use crate::roster;
use crate::status::normalize;
use crate::time::UnixSeconds;

/// What Torch said of one case: an entry to keep, or a problem to tell; and the status it came with.
#[derive(Debug, Clone)]
pub(in crate::edge) struct Said {
    pub(in crate::edge) outcome: Result<String, Problem>,
    pub(in crate::edge) status: Option<u16>,
    pub(in crate::edge) due: Due,
}

/// When the case is next due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::edge) enum Due {
    At(UnixSeconds),
    /// It is final.
    Rests,
    /// It is not recognised: due only where it is pinned.
    Unrecognised(UnixSeconds),
    /// There is no answer that tells.
    Unknown,
}

impl Answer for Said {
    fn refused(problem: Problem, status: Option<u16>) -> Self {
        Self {
            outcome: Err(problem),
            status,
            due: Due::Unknown,
        }
    }
}

/// One call: what it came to, and what Torch says of its limits.
pub(in crate::edge) async fn ask(
    config: &Config,
    receipts: &[ReceiptNumber],
    key: usize,
    timeout: i64,
    now: impl Fn() -> UnixSeconds,
) -> (Reply<Said>, Vec<Window>) {
    let query: Vec<String> = receipts
        .iter()
        .map(|receipt| format!("receipt={}", receipt.as_str()))
        .collect();
    let batch = if receipts.len() > 1 { "/batch" } else { "" };
    let url = format!("{}/case-status{batch}?{}", config.torch, query.join("&"));
    let key = config.keys.get(key).or(config.keys.first());
    let authorization = key.map(|key| key.authorization()).unwrap_or_default();
    let reply = glue::call(&url, &authorization, timeout as f64, MAX_BODY as f64);
    let Ok(reply) = JsFuture::from(reply).await else {
        return (broken(), Vec::new());
    };
    let reply: glue::Reply = reply.unchecked_into();
    let now = now();
    let fields = reply.fields().unwrap_or_default();
    let mut lines = fields.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let wait = retry_after(line(), now);
    let (limits, policies) = (line(), line());
    let (draft, older) = ((line(), line()), (line(), line()));
    let (remaining, reset) = if draft.0.is_empty() { older } else { draft };
    let told = Fields {
        limits,
        policies,
        remaining,
        reset,
    };
    let windows = ratelimit::windows(told, now);
    let reply = match (reply.status(), reply.trouble().as_deref()) {
        (_, Some("timeout")) => timed_out(timeout),
        (Some(status), Some("too_large")) => unusable(receipts, &CaseError::too_large(), status),
        (Some(status), None) => match reply.body() {
            Some(body) => cases(config, receipts, &body.to_vec(), status, now),
            None if status == 404 && receipts.len() == 1 => {
                let answers = receipts
                    .iter()
                    .map(|&one| (one, absent(config, one, 404, now)));
                Reply::Cases(answers.collect())
            }
            None => Reply::of_status(status, wait),
        },
        _ => broken(),
    };
    (reply, windows)
}

/// The records of a 200.
fn cases(
    config: &Config,
    receipts: &[ReceiptNumber],
    body: &[u8],
    status: u16,
    now: UnixSeconds,
) -> Reply<Said> {
    let records = match receipts {
        [_] => Case::read(body, &config.names).map(|case| vec![Ok(case)]),
        _ => Case::read_batch(body, &config.names),
    };
    let records = match records {
        Ok(records) => records,
        // An error page, or the half of an answer: that passes.
        Err(error) if error.code() == "not_json" => {
            return Reply::Failed {
                problem: told(&error, status),
                status: Some(status),
                retry_after: None,
            };
        }
        Err(error) => return unusable(receipts, &error, status),
    };
    let mut found: Vec<Case<'_>> = Vec::new();
    let mut fault = None;
    for record in records {
        match record {
            Ok(case) => found.push(case),
            Err(error) => fault = Some(error),
        }
    }
    if receipts.len() == 1 && found.iter().any(|case| !receipts.contains(&case.receipt)) {
        return unusable(receipts, &CaseError::wrong_case(), status);
    }
    let answers = receipts.iter().map(|&receipt| {
        let said = match (found.iter().find(|case| case.receipt == receipt), &fault) {
            (Some(case), _) => self::found(config, case, status, now),
            // It may be the record that could not be read.
            (None, Some(error)) => Said::refused(told(error, status), Some(status)),
            // Torch leaves out of a batch what it does not recognise.
            (None, None) => absent(config, receipt, status, now),
        };
        (receipt, said)
    });
    Reply::Cases(answers.collect())
}

fn found(config: &Config, case: &Case<'_>, status: u16, now: UnixSeconds) -> Said {
    let text = Entry::of_case(case, &config.table, now);
    let category = normalize(&case.status_text, case.status_category.as_deref()).category;
    let window = config.table.window(category, case.receipt, now);
    let due = roster::next_due(&window, category.is_final(), case.last_status_at);
    Said {
        outcome: Ok(text),
        status: Some(status),
        due: due.map_or(Due::Rests, Due::At),
    }
}

fn absent(config: &Config, receipt: ReceiptNumber, status: u16, now: UnixSeconds) -> Said {
    let window = config.table.window_not_found(receipt, now);
    Said {
        outcome: Ok(Entry::absent(window).write()),
        status: Some(status),
        due: Due::Unrecognised(roster::next_due_unrecognised(now)),
    }
}

fn unusable(receipts: &[ReceiptNumber], error: &CaseError, status: u16) -> Reply<Said> {
    let said = Said::refused(told(error, status), Some(status));
    let answers = receipts.iter().map(|&receipt| (receipt, said.clone()));
    Reply::Cases(answers.collect())
}

fn told(error: &CaseError, status: u16) -> Problem {
    observe::error(
        "Torch's answer cannot be used",
        &[("fault", &error.code()), ("status", &status)],
    );
    Problem::new(Code::TorchUnusable, format!("{error}. Ask again later."))
}

fn broken() -> Reply<Said> {
    observe::error("Torch cannot be reached, or the connection broke", &[]);
    Reply::Failed {
        problem: Problem::new(
            Code::TorchUnreachable,
            "The connection to Torch failed or broke. Ask again later.",
        ),
        status: None,
        retry_after: None,
    }
}

fn timed_out(milliseconds: i64) -> Reply<Said> {
    let seconds = milliseconds.saturating_add(500).div_euclid(1000);
    observe::error("Torch did not answer in time", &[("seconds", &seconds)]);
    Reply::Failed {
        problem: Problem::new(
            Code::TorchTimeout,
            format!("Torch did not answer within {seconds} seconds. Ask again later."),
        ),
        status: None,
        retry_after: None,
    }
}
