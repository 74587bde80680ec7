# SPDX-License-Identifier: Apache-2.0
"""Colours and layout of the page, light and dark."""

from __future__ import annotations

COLOURS: dict[str, tuple[str, str]] = {
    # Role: in light, in dark
    "ground": ("#ffffff", "#0f1419"),
    "surface": ("#f4f6f8", "#182028"),
    "edge": ("#ccd4dc", "#36424e"),
    "text": ("#1b2229", "#e7edf3"),
    "muted": ("#55606b", "#a3b0bd"),
    "link": ("#0b57b0", "#79b8ff"),
    "passed": ("#10672f", "#7ee2a0"),
    "passed-back": ("#d9f5e1", "#0f3520"),
    "failed": ("#a4161a", "#ffaaa5"),
    "failed-back": ("#ffe6e4", "#481518"),
    "open": ("#6f4700", "#ffd27a"),
    "open-back": ("#fff0cc", "#413000"),
    "phase": ("#2563a8", "#5b9fe6"),
    "on-phase": ("#ffffff", "#0f1419"),
    "step": ("#a9cbf1", "#2b5585"),
    "bar-passed": ("#2f9e58", "#4cc27c"),
    "bar-failed": ("#c9282d", "#f0716c"),
    "bar-running": ("#d98e04", "#e0a52e"),
    "on-bar": ("#ffffff", "#0f1419"),
    "on-running": ("#1b2229", "#0f1419"),
    "on-part": ("#1b2229", "#f0f4f8"),
    "part-ext": ("#cfe2fb", "#1a4069"),
    "part-xfs": ("#c3ebec", "#0f474c"),
    "part-btrfs": ("#e1d8fd", "#412f78"),
    "part-vfat": ("#fde5b0", "#5b4103"),
    "part-swap": ("#fbd7e3", "#61233d"),
    "part-raid": ("#cdeed5", "#17492d"),
    "part-luks": ("#fed8c8", "#682b15"),
    "part-other": ("#e0e5ea", "#38424d"),
}
"""The only colours of the page."""

TEXT_ON: tuple[tuple[str, str], ...] = (
    *(("text", back) for back in ("ground", "surface", "step")),
    *(("muted", back) for back in ("ground", "surface")),
    *(("link", back) for back in ("ground", "surface")),
    *((kind, f"{kind}-back") for kind in ("passed", "failed", "open")),
    *((kind, back) for kind in ("passed", "failed", "open") for back in ("ground", "surface")),
    *(("text", f"{kind}-back") for kind in ("passed", "failed", "open")),
    ("on-phase", "phase"),
    ("on-bar", "bar-failed"),
    ("on-running", "bar-running"),
    *(("on-part", role) for role in COLOURS if role.startswith("part-")),
)
"""Pairs in which text is drawn on a background; a test checks their contrast."""

_LAYOUT = """
:root{--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--text);
 font:16px/1.5 var(--sans);overflow-wrap:anywhere}
main,header,footer{max-width:68rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:1.75rem}
footer{padding-top:1.5rem;padding-bottom:2.5rem;color:var(--muted);font-size:.875rem}
h1{font-size:1.75rem;line-height:1.25;margin:0 0 .25rem}
h2{font-size:1.125rem;line-height:1.4;margin:0;display:inline}
h3{font-size:1rem;margin:1.75rem 0 .5rem}
h4{font-size:.9375rem;margin:1rem 0 .25rem}
h4 span{font-weight:400;font-size:.875rem}
p{margin:.5rem 0}
a{color:var(--link)}
.product{color:var(--muted);font-weight:600;margin:0 0 .25rem}
.muted,caption{color:var(--muted)}
.small{font-size:.875rem}
.aside{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
code,pre{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;
 font-size:.875em;unicode-bidi:isolate}
pre{margin:.5rem 0;padding:.6rem .8rem;background:var(--surface);border:1px solid var(--edge);
 border-radius:6px;white-space:pre-wrap;font-size:.8125rem;line-height:1.45}
pre.row{white-space:pre;overflow-x:auto;overflow-wrap:normal}
pre.console{max-height:28rem;overflow-y:auto}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:4px}
.pill{display:inline-block;padding:.05rem .6rem;border-radius:1rem;font-size:.8125rem;font-weight:650;
 white-space:nowrap;border:1px solid currentcolor}
.passed{color:var(--passed)}.failed{color:var(--failed)}.open{color:var(--open)}
.pill.passed{background:var(--passed-back)}.pill.failed{background:var(--failed-back)}
.pill.open{background:var(--open-back)}
.counts{display:flex;flex-wrap:wrap;gap:.4rem;margin:.75rem 0;padding:0;list-style:none}
svg{display:block;width:100%;overflow:hidden}
svg.share{height:10px;border-radius:5px;margin:.75rem 0}
table{width:100%;border-collapse:collapse;font-size:.9375rem;margin:.5rem 0}
th,td{padding:.45rem .6rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--edge)}
th{color:var(--muted);font-size:.8125rem;font-weight:600}
td.number,th.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}
table.words{overflow-wrap:normal}
table.checks{table-layout:fixed}
table.checks th:first-child{width:42%}
tr.more-below>td{border-bottom:0;padding-bottom:0}
section{border:1px solid var(--edge);border-radius:10px;margin:1rem 0}
section>details>summary{padding:.8rem 1rem;display:flex;flex-wrap:wrap;align-items:baseline;gap:.3rem .75rem}
section>details>summary::before{content:"\\25B8";color:var(--muted);width:.8em}
section>details[open]>summary::before{content:"\\25BE"}
section>details>summary::-webkit-details-marker{display:none}
section>details>.body{padding:0 1rem 1rem;border-top:1px solid var(--edge)}
summary{cursor:pointer}
details details{margin:.5rem 0}
details details>summary{color:var(--link);font-size:.9375rem}
.box{border-left:4px solid var(--failed);background:var(--failed-back);padding:.7rem 1rem;margin:1rem 0;
 border-radius:0 6px 6px 0}
.box p{margin:.2rem 0}
.box pre{background:var(--ground)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:1rem 0;font-size:.9375rem}
dt{color:var(--muted)}
dd{margin:0}
ins,del{text-decoration:none;display:block}
ins{background:var(--passed-back);color:var(--passed)}
del{background:var(--failed-back);color:var(--failed)}
figure{margin:.5rem 0 1rem}
figcaption{color:var(--muted);font-size:.875rem;margin-top:.35rem}
svg text{font:12px var(--sans);fill:var(--text)}
svg .tick{fill:var(--muted);font-size:11px}
svg .beside{paint-order:stroke;stroke:var(--ground);stroke-width:4px;stroke-linejoin:round}
svg .grid{stroke:var(--edge);stroke-width:1}
svg .strong{font-weight:650}
svg .whole{fill:var(--surface);stroke:var(--edge)}
svg .phase{fill:var(--phase)}svg .step{fill:var(--step)}
svg .bar-failed{fill:var(--bar-failed)}svg .bar-running{fill:var(--bar-running)}
svg .on-phase{fill:var(--on-phase)}svg .on-bar{fill:var(--on-bar)}
svg .on-running{fill:var(--on-running)}
svg .free{fill:var(--ground);stroke:var(--edge);stroke-width:2;stroke-dasharray:4 4}
svg .part{stroke:var(--ground);stroke-width:2}
svg .on-part{fill:var(--on-part)}
.share .passed{fill:var(--bar-passed)}
.share .failed{fill:var(--bar-failed)}.share .open{fill:var(--bar-running)}
.lane{display:grid;grid-template-columns:4.6rem 1fr;align-items:center;gap:.5rem;margin:.2rem 0}
.lane>span{color:var(--muted);font-size:.8125rem}
.middle,.narrow{display:none}
@media(max-width:999px){.wide{display:none}.middle{display:inline}}
@media(max-width:640px){
 main,header,footer{padding-left:.75rem;padding-right:.75rem}
 section>details>.body{padding:0 .7rem .8rem}
 section>details>summary{padding:.7rem}
 th,td{padding:.4rem .35rem}
 table{font-size:.875rem}
 .pill{white-space:normal}
 dl{grid-template-columns:1fr}
 dd{margin-bottom:.35rem}
 .middle{display:none}
 .narrow{display:inline}
}
@media print{section{break-inside:avoid-page}pre.console{max-height:none}}
"""


def css() -> str:
    """The style sheet; dark where the reader's system is."""
    light, dark = (
        "".join(f"--{role}:{pair[side]};" for role, pair in COLOURS.items()) for side in (0, 1)
    )
    parts = "".join(
        f"svg .{role}{{fill:var(--{role})}}" for role in COLOURS if role.startswith("part-")
    )
    return f":root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}{parts}{_LAYOUT}"
