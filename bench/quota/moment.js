// One moment of the day: both clocks are set, and some reads are sent at once, each a request of its own.
// From inside, because a read that comes over HTTP costs this machine three times as much.
import { env } from "cloudflare:workers";

const sandbox = async (name, init) => (await env.TORCH.fetch(`https://torch.invalid/__sandbox/${name}`, init)).json();

/** `setClock` says whether the clock was behind. Gives back the sandbox's counters as they were before. */
export async function moment({ now, paths, headers, patience }, setClock) {
  if (setClock(now)) await sandbox("clock", { method: "PUT", body: JSON.stringify({ now: new Date(now) }) });
  const counters = await sandbox("counters");
  const read = async (path) => {
    const response = await env.SELF.fetch(`https://proxy.invalid${path}`, { headers, signal: AbortSignal.timeout(patience) });
    await response.arrayBuffer();
    return { status: response.status, age: response.headers.get("age"), control: response.headers.get("cache-control") };
  };
  const answers = await Promise.all(paths.map((path) => read(path).catch((error) => ({ status: error.name }))));
  return { counters, answers };
}
