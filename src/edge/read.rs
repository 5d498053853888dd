//! `GET /case-status` and `GET /case-status/batch`: carries out what the core decides.

use crate::edge::glue::Env;
use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::Response;

use super::config::Config;
use super::gate::{self, Answer, Ask};
use super::glue::State;
use super::respond;
use super::route::{self, Asked};
use super::store::{self, Kv, Stored};
use super::{access::Admitted, tally};
use crate::budget::Purpose;
use crate::entry::{ETag, Kind};
use crate::freshness::{Directives, REVALIDATE_FLOOR, Verdict, Window, decide, serves_on_error};
use crate::http::{CacheStatus, Forward, Source, Validators};
use crate::problem::{Code, Problem};
use crate::ratelimit::Allowance;
use crate::receipt::ReceiptNumber;
use crate::time::UnixSeconds;

/// What a read needs of its surroundings.
pub(super) struct Read<'a> {
    pub(super) config: &'a Config,
    pub(super) admitted: &'a Admitted<'a>,
    pub(super) allowance: Allowance,
    pub(super) env: &'a Env,
    pub(super) ctx: &'a State,
    pub(super) kv: Kv,
    pub(super) now: UnixSeconds,
    pub(super) directives: Directives,
    pub(super) validators: Validators<'a>,
}

/// One case on its way to an answer.
struct Outcome {
    answer: Result<Stored, Problem>,
    cache: CacheStatus,
}

impl Outcome {
    /// What Torch said, a moment ago or some time ago.
    fn said(stored: Stored, cache: CacheStatus) -> Self {
        let answer = match stored.meta.kind {
            Kind::Found => Ok(stored),
            Kind::Absent => Err(not_found()),
        };
        Self { answer, cache }
    }

    /// From the cache.
    fn cached(stored: Stored, detail: Option<&'static str>, now: UnixSeconds) -> Self {
        let detail = if stored.meta.kind == Kind::Absent {
            Some("negative")
        } else {
            detail
        };
        let ttl = Some(stored.meta.window.ttl(now));
        Self::said(
            stored,
            CacheStatus {
                ttl,
                detail,
                ..Default::default()
            },
        )
    }

    /// From Torch, or in Torch's trouble from the cache after all.
    fn asked(answer: Answer, known: Option<Stored>, forward: Forward, now: UnixSeconds) -> Self {
        let Answer {
            outcome,
            status: forward_status,
            asked,
            collapsed,
        } = answer;
        let cache = CacheStatus {
            source: Source::Forward(forward),
            forward_status,
            collapsed,
            ..Default::default()
        };
        match outcome {
            Ok(stored) => Self::said(
                stored,
                CacheStatus {
                    stored: true,
                    ..cache
                },
            ),
            Err(problem) => {
                let cache = CacheStatus {
                    detail: Some(problem.code.id()),
                    ..cache
                };
                let usable =
                    known.filter(|stored| problem.code.excuses_stale() && is_usable(stored, now));
                // The gate itself may have said that Torch is not to be asked now.
                let source = match (asked, &usable) {
                    (true, _) => cache.source,
                    (false, Some(_)) => Source::Hit,
                    (false, None) => Source::Neither,
                };
                let cache = CacheStatus { source, ..cache };
                Self {
                    answer: usable.ok_or(problem),
                    cache,
                }
            }
        }
    }

    fn not_cached() -> Self {
        let problem = Problem::new(
            Code::NotCached,
            "The request says only-if-cached, and nothing that suits it is cached. Ask without it.",
        );
        Self {
            answer: Err(problem),
            cache: CacheStatus {
                source: Source::Neither,
                detail: Some("only-if-cached"),
                ..Default::default()
            },
        }
    }
}

/// Whether an entry may be shown where Torch fails.
fn is_usable(stored: &Stored, now: UnixSeconds) -> bool {
    stored.meta.kind == Kind::Found && serves_on_error(&stored.meta.window, now)
}

fn not_found() -> Problem {
    Problem::new(
        Code::CaseNotFound,
        "Torch does not recognize this receipt number at this time. Check the number; a new case can take some days to appear.",
    )
}

impl Read<'_> {
    /// One case.
    pub(super) async fn single(&self, query: &str) -> Result<Response, Problem> {
        let receipt = route::single(query)?;
        self.admitted.covers([receipt])?;
        let known = store::read(&self.kv, receipt, self.now).await;
        let known = known.and_then(|stored| stored.renewed(self.config));
        let outcome = match self.verdict(known.as_ref()) {
            Err(forward) => {
                let purpose = self.purpose(known.as_ref());
                let mut answers = self.ask(&[(receipt, purpose)], forward).await;
                let answer = answers.pop().unwrap_or_else(Answer::lost);
                Outcome::asked(answer, known, forward, self.now)
            }
            Ok(verdict) => {
                let mut stale = Vec::new();
                let outcome = self.serve(receipt, known, verdict, &mut stale);
                self.refresh(stale);
                outcome
            }
        };
        Ok(match outcome.answer {
            Ok(stored) => respond::case(
                &stored,
                outcome.cache,
                &self.validators,
                self.allowance,
                self.now,
            ),
            Err(problem) => respond::problem(&problem, Some(outcome.cache), Some(self.allowance)),
        })
    }

    /// Several cases, each on its own.
    pub(super) async fn batch(&self, query: &str) -> Result<Response, Problem> {
        let asked = route::batch(query)?;
        let receipts: Vec<ReceiptNumber> = asked
            .iter()
            .filter_map(|one| one.as_ref().ok().copied())
            .collect();
        self.admitted.covers(receipts.iter().copied())?;
        let known = store::read_many(&self.kv, &receipts, self.now).await;

        let mut stale = Vec::new();
        let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(receipts.len());
        let mut forwarded: Vec<(usize, ReceiptNumber, Option<Stored>, Forward)> = Vec::new();
        for (index, (&receipt, known)) in receipts.iter().zip(known).enumerate() {
            let known = known.and_then(|stored| stored.renewed(self.config));
            match self.verdict(known.as_ref()) {
                Ok(verdict) => {
                    outcomes.push(Some(self.serve(receipt, known, verdict, &mut stale)));
                }
                Err(forward) => {
                    outcomes.push(None);
                    forwarded.push((index, receipt, known, forward));
                }
            }
        }
        self.refresh(stale);
        if !forwarded.is_empty() {
            let missing: Vec<Ask> = forwarded
                .iter()
                .map(|(_, receipt, known, _)| (*receipt, self.purpose(known.as_ref())))
                .collect();
            let demanded = forwarded
                .iter()
                .any(|(.., forward)| *forward == Forward::Request);
            let forward = if demanded {
                Forward::Request
            } else {
                Forward::Miss
            };
            let answers = self.ask(&missing, forward).await;
            let answers = answers
                .into_iter()
                .chain(std::iter::repeat_with(Answer::lost));
            for ((index, _, known, forward), answer) in forwarded.into_iter().zip(answers) {
                if let Some(slot) = outcomes.get_mut(index) {
                    *slot = Some(Outcome::asked(answer, known, forward, self.now));
                }
            }
        }
        Ok(self.join(&asked, outcomes))
    }

    fn join(&self, asked: &[Asked], outcomes: Vec<Option<Outcome>>) -> Response {
        let mut outcomes = outcomes.into_iter();
        let (items, mut tags) = (Array::new(), Vec::with_capacity(asked.len()));
        let mut freshness = Vec::with_capacity(asked.len());
        let mut whole: Option<CacheStatus> = None;
        let mut problems: Vec<Problem> = Vec::new();
        for one in asked {
            let (receipt, outcome) = match one {
                Ok(receipt) => match outcomes.next().flatten() {
                    Some(outcome) => (receipt.as_str(), outcome),
                    // Never: there is an outcome for each receipt.
                    None => continue,
                },
                Err((text, problem)) => (
                    text.as_str(),
                    Outcome {
                        answer: Err(problem.clone()),
                        cache: CacheStatus::default(),
                    },
                ),
            };
            // The whole was forwarded if any of it was: the first such case speaks for it.
            if one.is_ok() && whole.is_none_or(|whole| !matches!(whole.source, Source::Forward(_)))
            {
                whole = Some(outcome.cache);
            }
            match outcome.answer {
                Ok(stored) => {
                    let window: &Window = &stored.meta.window;
                    let (age, left) = (window.age(self.now), window.ttl(self.now));
                    freshness.push(Some((age, left, outcome.cache.detail)));
                    tags.push(stored.meta.etag);
                    items.push(stored.page.as_ref());
                }
                Err(problem) => {
                    freshness.push(None);
                    tags.push(ETag::of(problem.code.id().as_bytes()));
                    items.push(&JsValue::from(respond::failed_item(receipt, &problem)));
                    problems.push(problem);
                }
            }
        }
        // Of what is no receipt number nothing is cached, and nobody is asked.
        let cache = whole.unwrap_or(CacheStatus {
            source: Source::Neither,
            ..Default::default()
        });
        let alike = problems.first().filter(|first| {
            problems.len() == asked.len()
                && problems.iter().all(|problem| problem.code == first.code)
        });
        if let Some(problem) = alike {
            return respond::problem(problem, Some(cache), Some(self.allowance));
        }
        respond::batch(
            &items,
            &freshness,
            ETag::of_all(tags.iter()).as_str(),
            cache,
            &self.validators,
            self.allowance,
        )
    }

    /// What a case is asked for: who can be shown an older answer does not wait for long.
    fn purpose(&self, known: Option<&Stored>) -> Purpose {
        match known.filter(|stored| is_usable(stored, self.now)) {
            Some(_) => Purpose::Revalidate,
            None => Purpose::Read,
        }
    }

    /// What to do with what is known: answer from it, or why to ask Torch.
    fn verdict(&self, known: Option<&Stored>) -> Result<Verdict, Forward> {
        let window = known.map(|stored| &stored.meta.window);
        match decide(window, &self.directives, self.now) {
            Verdict::Revalidate => Err(match window {
                None => Forward::Miss,
                Some(window) if window.ttl(self.now) > 0 => Forward::Request,
                Some(_) => Forward::Stale,
            }),
            verdict => Ok(verdict),
        }
    }

    /// Answers from the cache. One whose answer is to be refreshed behind it is put among `stale`.
    fn serve(
        &self,
        receipt: ReceiptNumber,
        known: Option<Stored>,
        verdict: Verdict,
        stale: &mut Vec<ReceiptNumber>,
    ) -> Outcome {
        let Some(known) = known.filter(|_| verdict != Verdict::NotCached) else {
            return Outcome::not_cached();
        };
        tally::hit(receipt, self.now);
        if verdict != Verdict::ServeAndRefresh {
            return Outcome::cached(known, None, self.now);
        }
        if store::claim_refresh(receipt, self.now) {
            stale.push(receipt);
        }
        Outcome::cached(known, Some("refreshing"), self.now)
    }

    /// Asks Torch for these cases behind the answer.
    fn refresh(&self, stale: Vec<ReceiptNumber>) {
        if stale.is_empty() {
            return;
        }
        let (env, client, now) = (
            self.env.clone(),
            self.admitted.client.name.clone(),
            self.now,
        );
        let asks: Vec<Ask> = stale
            .into_iter()
            .map(|receipt| (receipt, Purpose::Refresh))
            .collect();
        self.ctx.spawn(async move {
            ask(&env, &client, &asks, UnixSeconds::default(), now).await;
        });
    }

    /// Asks Torch for these cases.
    async fn ask(&self, asks: &[Ask], forward: Forward) -> Vec<Answer> {
        // Who demands a new look gets one that is no older than the floor; others, any fresh answer.
        let since = match forward {
            Forward::Request => self.now.plus(REVALIDATE_FLOOR.saturating_neg()),
            Forward::Miss | Forward::Stale => UnixSeconds::default(),
        };
        ask(self.env, &self.admitted.client.name, asks, since, self.now).await
    }
}

/// Asks the gate, and remembers what it says.
async fn ask(
    env: &Env,
    client: &str,
    asks: &[Ask],
    since: UnixSeconds,
    now: UnixSeconds,
) -> Vec<Answer> {
    let answers = gate::ask(env, client, asks, since).await;
    for ((receipt, _), answer) in asks.iter().zip(&answers) {
        if let Ok(stored) = &answer.outcome {
            store::remember(*receipt, Some(stored.clone()), now);
        }
    }
    answers
}
