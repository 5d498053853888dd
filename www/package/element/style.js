// The looks. A page sets the properties `--case-…` on the elements, or styles the parts. Which of light and dark holds
// is what `color-scheme` says where the element stands.
import { node } from "./dom.js";

const CSS = `
:host{display:block;container-type:inline-size;min-width:min(100%,18rem);overflow-wrap:anywhere;
--case-ink:light-dark(#1b2430,#e6e9ed);
--case-quiet:light-dark(#55616e,#a5afba);
--case-paper:light-dark(#fff,#171b20);
--case-line:light-dark(#dde1e6,#343c45);
--case-accent:light-dark(#2a5a9c,#8cb8f0);
--case-good:light-dark(#1b6a40,#79c99d);
--case-bad:light-dark(#a3282c,#f49d9a);
--case-due:light-dark(#864700,#f2bf69)}
:host([hidden]),[hidden]{display:none!important}
*{box-sizing:border-box;margin:0;padding:0}
.body{color:var(--case-quiet);font-size:.875em;line-height:1.45}
.unseen{position:absolute;clip-path:inset(50%)}
svg{width:1.25em;height:1.25em;flex:none;fill:none;stroke:currentColor;stroke-width:1.4;stroke-linecap:round;stroke-linejoin:round;forced-color-adjust:auto}
.case{display:grid;grid-template-columns:auto 1fr;gap:.5rem .875rem;padding:.875rem 1rem;break-inside:avoid}
.rows,article{background:var(--case-paper);border:1px solid var(--case-line);border-radius:.5rem}
li{content-visibility:auto;contain-intrinsic-height:auto 5.5rem}
li+li{border-top:1px solid var(--case-line)}
.icon{width:2.25rem;height:2.25rem;padding:.5rem;border-radius:.375rem;color:var(--case-accent)}
.favorable .icon{color:var(--case-good)}
.adverse .icon,.case.failed .icon{color:var(--case-bad)}
.due .icon,.due .title,.action,.stale .age{color:var(--case-due)}
.icon,.action,button:hover{background:color-mix(in srgb,currentColor 10%,transparent)}
.main,.side,.notice,.progress{display:grid;gap:.375rem;align-content:start;justify-items:start}
.head,.action,.number,.title{display:flex;flex-wrap:wrap;gap:0 .5rem;align-items:center}
.label,.text,.digits,.problem,.summary{color:var(--case-ink)}
.label{font-size:1.1875rem}
.loading .label{font:inherit;color:inherit}
.action{padding:.25rem .5rem;border:1px solid transparent;border-radius:.375rem}
.side{grid-column:2}
button{font:inherit;color:var(--case-accent);background:none;border:1px solid;border-radius:.375rem;padding:.25rem .75rem;cursor:pointer}
.reveal{display:grid;padding:.25rem;border-color:transparent}
[aria-pressed=true]{border-color:currentColor}
:focus-visible{outline:2px solid var(--case-accent);outline-offset:2px}
.summary,.title{font-weight:600;margin-block:1.25rem .5rem}
progress{width:100%;accent-color:var(--case-accent)}
@container (min-width:40rem){.case{grid-template-columns:auto 1fr 15rem}.side{grid-column:3}}
@media print{button{display:none}}`;

let sheet;

/** Gives the looks to a shadow root: as a sheet that all share, which a strict Content-Security-Policy lets pass. */
export function dress(root) {
  try {
    if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
  } catch {
    // Such a sheet cannot be made here, or it belongs to the document that the element was moved out of.
    root.append(node("style", "", CSS));
  }
}
