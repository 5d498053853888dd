// All that makes nodes here. Text is text: what comes from outside only ever becomes a text node.

/** A node that is a part of its element, for `::part`, and what is in it. */
export function node(name, part, ...children) {
  const made = document.createElement(name);
  if (part) made.className = made.part = part;
  made.append(...children);
  return made;
}

/** Makes `text` the text of a node, which is hidden where there is none. What is the same is left alone: it may be selected. */
export function say(target, text) {
  if (target.textContent !== text) target.textContent = text || "";
  target.hidden = !text;
}

/** A button that does `act`, unless it is busy with that. */
export function button(part, act, ...children) {
  const made = node("button", part, ...children);
  made.onclick = () => made.ariaDisabled || act();
  return made;
}
