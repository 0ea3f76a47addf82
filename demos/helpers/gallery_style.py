"""How the gallery looks: the style of what demos made, that of the rest, and the page around."""

EXHIBITS = """\
/* Each page is a screen of a desk, at the size of a postcard. */
.pages {
  display: grid; grid-template-columns: repeat(auto-fill, 320px); gap: 20px; margin: 20px 0 0;
}
.tiles { display: contents; }
.tile {
  display: block; padding: 0 0 12px; overflow: hidden; color: var(--ink); text-decoration: none;
  border: 1px solid var(--line); border-radius: 10px; background: var(--panel);
}
.tile:hover { border-color: var(--accent); }
.screen { display: block; height: 200px; overflow: hidden; margin-bottom: 10px; }
.screen iframe {
  width: 960px; height: 600px; border: 0; transform: scale(0.3333); transform-origin: 0 0;
  pointer-events: none;
}
.tile b, .tile > span:not(.screen) { display: block; padding: 0 14px; }
.tile b { color: var(--accent); }
.tile > span { color: var(--quiet); font-size: 15px; line-height: 1.4; }
figure { margin: 24px 0; }
figure a { display: block; }
figure img { display: block; max-width: 100%; height: auto; margin: 0 auto; border-radius: 8px; }
.raster { background: #ffffff; max-width: min(100%, 860px); max-height: 660px; }
@media (prefers-color-scheme: dark) { .raster { padding: 6px; filter: brightness(0.92); } }
figcaption {
  color: var(--quiet); font-size: 15px; margin: 10px auto 0; max-width: 48em;
  text-align: center;
}
.card {
  border: 1px solid var(--line); background: var(--panel); border-radius: 10px;
  padding: 14px 18px; margin: 16px 0;
}
.card a { font-weight: 600; display: block; }
.card span { color: var(--quiet); }
.absent { border-left: 4px solid var(--line); padding: 4px 14px; color: var(--quiet); }
summary { cursor: pointer; padding: 6px 0; width: fit-content; }
details[open] > summary { margin-bottom: 6px; }
.ask { display: none; }
@media (prefers-reduced-motion: reduce) {
  .moving img { display: none; }
  .ask { display: block; }
}
@media (max-width: 600px) {
  /* Wide pictures stay legible, because they scroll sideways. */
  figure a { overflow-x: auto; }
  .drawing { max-width: none; max-height: 200px; }
}
"""
"""Pages, pictures and what stands instead of them. The docs show them in the same way."""

STYLE = """\
:root {
  color-scheme: light dark;
  --paper: #fffffe; --panel: #f6f7f9; --ink: #1f2933; --quiet: #55606b; --line: #d3d9df;
  --accent: #2a5f96; --badge: #e8f1fb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16191d; --panel: #1e2328; --ink: #e8eaed; --quiet: #a3acb7; --line: #3a424b;
    --accent: #8fc1f2; --badge: #1b3048;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body {
  margin: 0 auto; max-width: 1080px; padding: 0 20px 40px; background: var(--paper);
  color: var(--ink); overflow-wrap: anywhere;
  font: 17px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
header { padding: 48px 0 8px; }
h1 { font-size: clamp(28px, 5vw, 42px); line-height: 1.15; margin: 0 0 12px; }
.lead { font-size: 19px; color: var(--quiet); margin: 0; max-width: 44em; }
nav ol {
  margin: 24px 0 0; padding: 16px 24px 16px 48px; background: var(--panel);
  border-radius: 10px;
}
nav li { padding: 3px 0; }
nav li::marker { color: var(--quiet); }
nav span { color: var(--quiet); }
section { border-top: 1px solid var(--line); margin-top: 48px; padding-top: 32px; }
h2 { font-size: 26px; line-height: 1.25; margin: 0; scroll-margin-top: 16px; }
.number {
  display: inline-block; min-width: 1.6em; margin-right: 6px; text-align: center; font-size: 20px;
  line-height: 1.6; color: var(--accent); background: var(--badge); border-radius: 8px;
}
.summary { color: var(--quiet); margin: 8px 0 20px; max-width: 44em; }
h3 { font-size: 17px; line-height: 1.45; margin: 36px 0 0; max-width: 44em; }
h3 + figure { margin-top: 12px; }
pre {
  margin: 0; padding: 14px 18px; overflow-x: auto; background: var(--panel); border-radius: 10px;
  overflow-wrap: normal;
}
pre, code {
  font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: 14px; line-height: 1.45;
}
.again { color: var(--quiet); font-size: 15px; margin: 12px 0 0; }
.again code { display: inline-block; }
@media (prefers-reduced-motion: reduce) {
  html { scroll-behavior: auto; }
}
footer {
  border-top: 1px solid var(--line); margin-top: 56px; padding-top: 16px; color: var(--quiet);
  font-size: 15px;
}
@media (max-width: 600px) {
  body { font-size: 16px; padding: 0 14px 32px; }
  header { padding-top: 28px; }
  nav ol { padding: 10px 12px 10px 36px; }
  section { margin-top: 36px; padding-top: 24px; }
  pre { font-size: 12px; padding: 10px 12px; }
}
@media print { details:not([open]) { display: none; } section { break-inside: avoid; } }
"""

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="script-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'">
<title>Neural networks, from the chain rule up</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1>Neural networks, from the chain rule up</h1>
<p class="lead">All of this was computed by ordinary arithmetic on numbers that remember where they
came from. Open a page to step through a computation. The demos that made the pages are below; click
a picture to enlarge it.</p>
</header>
<nav class="pages" aria-label="Pages">
{pages}</nav>
<nav aria-label="Contents">
<ol>
{contents}</ol>
</nav>
<main>
{body}</main>
<footer>
<p>Made by <code>python -m demos</code>. This page works offline: copy its folder to show it
anywhere.</p>
</footer>
</body>
</html>
"""
