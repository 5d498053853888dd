// Before the sandbox: a demo firm's cases, and the control that turns the sandbox's clock, so that one sees changes come.
import { base } from "./access.js";
import { button, el, fill } from "./dom.js";
import { add, cases } from "./store.js";
import { read, state } from "./sync.js";
import { moment, t } from "./words.js";

/** Invented names, and receipts of a kind that USCIS does not give: the sandbox makes a life of each. In the weeks that
 * begin in November 2026 many of them have news. */
const FIRM = `
DEM2600000002 · Rosario Tavárez
DEM2600000011 · Sunita Gurung
DEM2600000018 · Anneliese Brandt
DEM2600000038 · Mateo Arriaga
DEM2600000039 · Elena Dimitrova
DEM2600000074 · Luis Ángel Peralta
DEM2600000076 · Gabriela Sandoval
DEM2600000121 · Rafael Bustamante
DEM2600000130 · Marie-Claire Dorval
DEM2600000156 · Yesenia Maldonado
DEM2600000160 · Rohan Deshmukh
DEM2600000170 · Ahmed Mansour
DEM2600000196 · Olumide Balogun
DEM2600000216 · Ana Sofía Bermúdez
DEM2600000232 · Chidi Nwosu
DEM2600000259 · Jean-Baptiste Toussaint
DEM2600000267 · Adaeze Okonkwo
DEM2600000310 · Nguyen Van Binh
DEM2600000312 · José Luis Carranza
DEM2600000346 · Farah Haddadi
DEM2600000376 · Pedro Cisneros
DEM2600000416 · Mei-Ling Hsu
DEM2600000448 · Viktor Halasz
DEM2600000470 · Lucía Ferreira Prado
DEM2600000481 · Diego Armijo
DEM2600000518 · Nadia Petrenko
DEM2600000534 · Marisol Echeverría
DEM2600000607 · Svetlana Morozova
DEM2600000618 · Ibrahim Saleh
DEM2600000650 · Fatoumata Diallo
DEM2600000653 · Esteban Zúñiga
DEM2600000665 · Leila Moradi
DEM2600000672 · Ximena Obregón
DEM2600000676 · Beatriz Camargo
DEM2600000688 · Tomás Villaseñor
DEM2600000769 · Amina Yusuf
DEM2600000801 · Juan Pablo Restrepo
DEM2600000803 · Carlos Quiñones Mejía
DEM2600000811 · Katarzyna Nowak
DEM2600000816 · Samuel Teklu
DEM2600000828 · Priya Raghunathan
DEM2600000841 · Haruto Ishikawa
DEM2600000862 · Kwame Asante
DEM2600000875 · Paola Renteria
DEM2600000876 · Tigist Alemu
DEM2600000884 · Thuy Linh Dang
`;

/** Fills an empty list. Whether it did. */
export function fillDemo() {
  if (cases.size) return false;
  for (const line of FIRM.trim().split("\n")) {
    const [receipt, note] = line.split(" · ");
    add({ receipt, note, added: Date.now() });
  }
  return true;
}

const asked = async (init) => {
  const response = await fetch(`${base}/__sandbox/clock`, { cache: "no-store", ...init });
  const said = await response.json();
  if (!response.ok) throw new Error(said.message ?? said.detail ?? response.status);
  return said;
};

export async function demoPanel(node) {
  const words = t();
  const clock = el("span");
  const status = el("p", { role: "status", class: "quiet" });
  const show = ({ now }) => (clock.textContent = words.clockNow(moment(now)));
  const buttons = [["1d", words.moveDay], ["7d", words.moveWeek], ["30d", words.moveMonth], [undefined, words.resetClock]].map(([advance, name]) => button(name, () => move(advance)));

  async function move(advance) {
    if (buttons[0].ariaDisabled) return;
    buttons.forEach((one) => (one.ariaDisabled = "true"));
    status.textContent = words.moving;
    try {
      const order = advance ? { advance, announce: [...cases.keys()].slice(0, 1000) } : { real: true };
      const said = await asked({ method: "PUT", body: JSON.stringify(order) });
      show(said);
      status.textContent = advance ? words.moved(moment(said.now), (said.delivered?.events ?? []).filter((one) => one.delivered).length) : "";
      // What comes live is here already; without a live connection it is looked for.
      if (!state.live) await read(undefined, { quiet: true });
    } catch (error) {
      status.textContent = `${words.error}: ${error.message}`;
    }
    buttons.forEach((one) => (one.ariaDisabled = null));
  }
  node.setAttribute("aria-label", words.demo);
  fill(node, el("div", { class: "demo" }, el("p", {}, el("strong", {}, words.demo), " ", words.demoHint, " ", clock), el("div", { class: "actions" }, buttons), status));
  await asked().then(show, () => fill(node));
}
