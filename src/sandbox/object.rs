//! The Durable Object that owns the world: one clock and one set of counts for all isolates.

use std::cell::RefCell;
use std::time::Duration;

use worker::{Date, Delay, DurableObject, Env, Method, Request, Response, State, durable_object};

use super::answer::Answer;
use super::control::{Next, PREFIX, control};
use super::deliver::Plan;
use super::quota::Limits;
use super::world::{self, Settings, World};
use super::{send, wire};

/// Where the world is stored, as one JSON text.
const STORED: &str = "world";
const DEFAULT_KEY: &str = "sandbox-torch-key";

/// The simulated Torch.
#[durable_object(fetch)]
pub struct SandboxTorch {
    state: State,
    env: Env,
    /// Read from storage at the first request. Never borrowed over an `await`.
    world: RefCell<Option<World>>,
}

impl DurableObject for SandboxTorch {
    fn new(state: State, env: Env) -> Self {
        Self {
            state,
            env,
            world: RefCell::new(None),
        }
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let method = request.method();
        let url = request.url()?;
        let authorization = request.headers().get("authorization")?;
        let body = match method {
            Method::Get | Method::Head => Vec::new(),
            _ => request.bytes().await?,
        };
        self.wake().await?;

        let real_millis = i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX);
        let asked = world::Request {
            method: method.as_ref(),
            path: url.path(),
            query: url.query().unwrap_or_default(),
            authorization: authorization.as_deref(),
        };
        let (next, stored) = {
            let mut held = self.world.borrow_mut();
            let world = held.get_or_insert_default();
            let next = match url.path().strip_prefix(PREFIX) {
                Some(name) => control(world, name, asked, &body, real_millis),
                None => Next::Answer(world.answer(asked, real_millis)),
            };
            (next, world.store())
        };
        // The platform idles an object out of memory within seconds: what is not stored is gone.
        self.state.storage().put(STORED, stored).await?;
        let answer = match next {
            Next::Answer(answer) => answer,
            Next::Deliver(plan) => self.deliver(*plan).await?,
        };
        if answer.delay_ms > 0 {
            Delay::from(Duration::from_millis(answer.delay_ms.into())).await;
        }
        wire::response(answer, method == Method::Head)
    }
}

impl SandboxTorch {
    /// Brings the world back from storage, once.
    async fn wake(&self) -> worker::Result<()> {
        if self.world.borrow().is_some() {
            return Ok(());
        }
        let stored: Option<String> = self.state.storage().get(STORED).await?;
        let mut world = self.world.borrow_mut();
        // Another request may have been first while this one was reading.
        if world.is_none() {
            *world = Some(World::restore(stored.as_deref(), self.settings()));
        }
        Ok(())
    }

    /// Delivers webhooks. Others are answered meanwhile: the receiver may ask for the cases at once.
    async fn deliver(&self, plan: Plan) -> worker::Result<Answer> {
        let tried = send::all(&plan).await;
        let (counts, report) = plan.report(&tried);
        let stored = {
            let mut held = self.world.borrow_mut();
            let world = held.get_or_insert_default();
            world.counters.webhooks.add(&counts);
            world.store()
        };
        self.state.storage().put(STORED, stored).await?;
        Ok(Answer::json(200, &report))
    }

    fn settings(&self) -> Settings {
        let var = |name: &str| self.env.var(name).ok().map(|var| var.to_string());
        let number = |name: &str, otherwise: u32| {
            let text = var(name);
            text.and_then(|text| text.trim().parse().ok())
                .unwrap_or(otherwise)
        };
        let limits = Limits::default();
        let keys = var("SANDBOX_KEYS").unwrap_or_else(|| DEFAULT_KEY.to_owned());
        Settings {
            keys: keys
                .split(',')
                .map(|key| key.trim().to_owned())
                .filter(|key| !key.is_empty())
                .collect(),
            limits: Limits {
                per_minute: number("SANDBOX_PER_MINUTE", limits.per_minute),
                per_day: number("SANDBOX_PER_DAY", limits.per_day),
                batch_max: number("SANDBOX_BATCH_MAX", limits.batch_max),
                ..limits
            },
        }
    }
}
