#include "launch/report/html.h"

#include "common/strings.h"

namespace chorus::launch {
namespace {

constexpr char kStyle[] = R"(
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1b1b; --quiet: #5c5c5c;
  --grid: #d9d9d9; --main: #0072b2; --other: #8a8a8a; --third: #b04a00; --fourth: #00735a; }
@media (prefers-color-scheme: dark) { :root { --paper: #151515; --ink: #ececec; --quiet: #a9a9a9;
  --grid: #3a3a3a; --main: #56b4e9; --other: #8f8f8f; --third: #e69f00; --fourth: #2fc99e; } }
@media print { :root { color-scheme: light; --paper: #ffffff; --ink: #000000; --quiet: #444444;
  --grid: #cccccc; --main: #0072b2; --other: #777777; --third: #b04a00; --fourth: #00735a; }
  figure, table { break-inside: avoid; } .scroll { overflow: visible; }
  table { font-size: 0.6rem; } th, td { white-space: normal; } }
@page { size: landscape; }
body { background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif;
  max-width: 1200px; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
p, li, figcaption { max-width: 75ch; } figcaption, .note { color: var(--quiet); }
figure { margin: 1rem 0; }
.pictures { display: flex; flex-wrap: wrap; gap: 0.75rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.2rem 0.6rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--grid); }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0;
  background: var(--paper); }
thead th { border-bottom: 2px solid var(--ink); vertical-align: bottom; white-space: normal; }
caption { text-align: left; padding: 0.4rem 0; color: var(--quiet); }
svg { display: block; height: auto; max-width: 100%; }
svg text { font: 11px system-ui, sans-serif; fill: var(--quiet); }
svg text.title { font-weight: 600; font-size: 12px; fill: var(--ink); }
svg text.row { fill: var(--ink); }
svg .grid { stroke: var(--grid); stroke-width: 1; }
svg .frame { stroke: var(--quiet); stroke-width: 1; fill: none; }
svg .rule { stroke: var(--ink); stroke-width: 1; stroke-dasharray: 4 3; fill: none; }
svg polyline { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
svg .whisker { stroke-width: 1.4; }
svg .thin { stroke-width: 1; opacity: 0.55; }
svg .main { stroke: var(--main); } svg circle.main { fill: var(--main); }
svg .other { stroke: var(--other); } svg circle.other { fill: var(--other); }
svg .third { stroke: var(--third); } svg circle.third { fill: var(--third); }
svg .fourth { stroke: var(--fourth); } svg circle.fourth { fill: var(--fourth); }
svg circle.hollow { fill: var(--paper); }
)";

}  // namespace

std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string Element(std::string_view tag, std::string_view text) {
  return StrCat("<", tag, ">", Escape(text), "</", tag, ">\n");
}

std::string_view PageStyle() { return kStyle; }

std::string_view PageStart() {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
         "<meta name=\"generator\" content=\"chorus\"/>\n";
}

std::string Page(std::string_view title, std::string_view body) {
  return StrCat(PageStart(),
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n",
                Element("title", title), "<style>", kStyle, "</style>\n</head>\n<body>\n",
                Element("h1", title), body, "</body>\n</html>\n");
}

std::string Figure(const std::vector<std::string>& pictures, std::string_view caption) {
  std::string out = "<figure>\n<div class=\"pictures\">\n";
  for (const std::string& picture : pictures) out += picture;
  return StrCat(out, "</div>\n<figcaption>", caption, "</figcaption>\n</figure>\n");
}

}  // namespace chorus::launch
