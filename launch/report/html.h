#pragma once
// Pages that need no other file: no script, no font, no picture from elsewhere. Colours are CSS
// variables, for light and dark screens and for paper; colour-blind readers can tell them apart,
// too (Okabe & Ito 2008), and no fact is shown by colour alone. Thread safety: pure functions.

#include <string>
#include <string_view>
#include <vector>

namespace chorus::launch {

// Text, escaped for use between tags and in quoted attributes.
std::string Escape(std::string_view text);

// <tag>escaped text</tag>
std::string Element(std::string_view tag, std::string_view text);

// The style sheet of pages and pictures.
std::string_view PageStyle();

// How every page begins, and no other file does.
std::string_view PageStart();

// The whole document. body: HTML.
std::string Page(std::string_view title, std::string_view body);

// Pictures side by side, as many as the page is wide; caption: HTML below them.
std::string Figure(const std::vector<std::string>& pictures, std::string_view caption);

}  // namespace chorus::launch
