// A shape for each stage, so that none is known by its colour alone. Drawn in 16 by 16, as lines.
const CIRCLE = "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z";
const EYE = "M1 8q7-9 14 0-7 9-14 0zM8 7v2";
const SHAPES = {
  intake: "M8 2v7M5 6l3 3 3-3M2 10v4h12v-4",
  biometrics: "M3 11V8a5 5 0 0 1 10 0v3M5 13V8a3 3 0 0 1 6 0v5M8 8v6",
  review: "M10 10l4 4M12 7A5 5 0 1 1 2 7a5 5 0 0 1 10 0z",
  evidence: "M3 2h6l4 4v8H3zM6 8h4M6 11h4",
  interview: "M2 3h12v8H8l-4 3v-3H2z",
  decision: "M8 2v12M5 14h6M3 4h10M3 4l-2 5h4zM13 4l-2 5h4z",
  delivery: "M2 3h12v10H2zM2 4l6 5 6-5",
  appeal: "M6 3 2 7l4 4M2 7h8a3 3 0 0 1 0 7H6",
  closed: "M2 3h12v3H2zM3 6v8h10V6M6 9h4",
  unknown: `${CIRCLE}M6 6a2 2 0 1 1 2 3M8 12v0`,
  loading: CIRCLE,
  due: "M8 2l7 12H1zM8 6v4M8 12v0",
  failed: `${CIRCLE}M6 6l4 4M6 10l4-4`,
  shown: EYE,
  masked: `${EYE}M3 13 13 3`,
};

const make = (name, attributes) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  return made;
};

/** A shape, which says nothing to a screen reader: its words stand beside it. */
export function shape(part, name) {
  const svg = make("svg", { viewBox: "0 0 16 16", "aria-hidden": true, class: part, part });
  svg.append(make("path"));
  draw(svg, name);
  return svg;
}

/** Makes it another one. */
export const draw = (svg, name) => svg.firstChild.setAttribute("d", SHAPES[name]);
