// Elements without HTML in strings: whatever a text holds, it is only ever text.

const SVG = "http://www.w3.org/2000/svg";

/** Sets what `props` says: `on…` listens, `class` and the like are attributes, `true` is an attribute without a value. */
function dress(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

export const el = (tag, props, ...children) => dress(document.createElement(tag), props, children);
export const svg = (tag, props, ...children) => dress(document.createElementNS(SVG, tag), props, children);

/** Puts `children` in place of what is in `node`, and the focus back to the element of the same `data-key`. */
export function fill(node, ...children) {
  const key = node.contains(document.activeElement) && document.activeElement.dataset.key;
  node.replaceChildren(...children.flat().filter(Boolean));
  if (key) node.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

export const button = (words, onclick, props) => el("button", { type: "button", onclick, ...props }, words);

/** Gives a file to the one who reads. */
export function download(name, type, text) {
  const link = el("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

let speaker;
/** Says something to those who hear the page. */
export function say(text) {
  speaker ??= document.querySelector("#said");
  speaker.textContent = text;
}
