// What a page does: it registers the elements, and gives them a client whose token its own server fetches.
import { TorchClient } from "/package/client/index.js";
import "/package/element/define.js";
import { setClient } from "/package/element/index.js";

const { proxy, client } = document.documentElement.dataset;
const real = new TorchClient({ baseUrl: proxy, getToken: async () => (await fetch("/grant")).text(), retries: 0, tryTimeout: 15_000 });
if (client !== "none") setClient(real);
Object.assign(window, { real, setClient });

/** Everything that happens, for the tests to look at. */
window.told = [];
for (const name of ["case-change", "case-error"]) addEventListener(name, ({ target, type, detail }) => told.push({ on: target.localName, type, ...detail, error: detail.error?.code }));
