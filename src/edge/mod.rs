use worker::*;
#[event(fetch)]
async fn fetch(_req: web_sys::Request, _env: Env, _ctx: Context) -> Result<Response> {
    Response::ok("hello")
}
#[durable_object(fetch)]
pub struct Gate { _state: State }
impl DurableObject for Gate {
    fn new(state: State, _env: Env) -> Self { Self { _state: state } }
    async fn fetch(&self, _req: Request) -> Result<Response> { Response::ok("x") }
}
