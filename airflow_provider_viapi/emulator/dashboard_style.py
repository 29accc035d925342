"""How the page looks."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ground: #f4f5f7; --card: #fff; --ink: #1c2430; --soft: #667085; --line: #e2e5ea;
  --waiting: #8a6d1f; --working: #1f5fbf; --good: #1d7a46; --bad: #b42318; --media: #10141b; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14171c; --card: #1d2229; --ink: #e6e9ee; --soft: #98a2b3; --line: #2e353f;
    --waiting: #e0b341; --working: #7fb0ff; --good: #5fd08f; --bad: #ff8b80; --media: #0b0d11; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
header, main, footer { max-width: 1180px; margin: 0 auto; padding: 0 24px; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 24px; padding-top: 28px; }
h1 { font-size: 22px; margin: 0; }
header p { margin: 0; color: var(--soft); }
article { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px 20px;
  margin: 18px 0; }
h2 { font-size: 17px; margin: 0; display: flex; align-items: center; gap: 10px; }
h3 { font-size: 12px; letter-spacing: .06em; text-transform: uppercase; color: var(--soft); margin: 0 0 8px; }
.facts { margin: 2px 0 8px; color: var(--soft); font-size: 13px; }
code { font: 12px/1.5 ui-monospace, monospace; margin-right: 10px; }
.state { font-size: 11px; font-weight: 600; letter-spacing: .03em; padding: 2px 8px; border-radius: 99px;
  border: 1px solid currentColor; white-space: nowrap; color: var(--bad); }
.queuing, .job_canceled { color: var(--waiting); }
.processing { color: var(--working); }
.process_success { color: var(--good); }
.faults { color: var(--bad); }
ul { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 8px; margin: 0 0 12px; padding: 0; font-size: 13px; }
li { background: var(--ground); border-radius: 6px; padding: 1px 8px; color: var(--soft); overflow-wrap: anywhere; }
li b { color: var(--ink); font-weight: 600; }
.sides { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 20px; }
.files { display: grid; gap: 10px; grid-template-columns: repeat(2, minmax(0, 1fr)); align-items: start; }
.files.n1 { grid-template-columns: minmax(0, 1fr); }
.files.n4 { grid-template-columns: repeat(3, minmax(0, 1fr)); }
figure { margin: 0; }
video, img { display: block; width: 100%; max-height: 420px; object-fit: contain; background: var(--media);
  border-radius: 8px; }
audio { width: 100%; }
figcaption { font-size: 12px; color: var(--soft); margin-top: 4px; overflow-wrap: anywhere; }
a { color: var(--working); }
.none { color: var(--soft); margin: 0; padding: 24px; border: 1px dashed var(--line); border-radius: 8px;
  text-align: center; }
.error { margin: 0; padding: 14px 16px; border: 1px solid var(--bad); border-radius: 8px; overflow-wrap: anywhere; }
.error b { color: var(--bad); display: block; }
.older { color: var(--soft); text-align: center; }
footer { padding-bottom: 40px; font-size: 13px; }
table { border-collapse: collapse; }
th, td { text-align: right; padding: 3px 14px; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
@media (max-width: 720px) { .sides { grid-template-columns: minmax(0, 1fr); } }
"""
"""The style sheet; the page's policy names its digest, so that no other can be used."""
