#pragma once
// What sources define at the scope of a namespace that has a name: types and functions, by their
// text alone. Where two files define one name, the linker may silently take either (C++'s
// one-definition rule): a test's helper with the name of a production type then runs in its place.
// Thread safety: pure functions.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace chorus::architecture {

struct SourceText {
  std::string path;
  std::string text;
};

// "chorus::worker: type Batch", "chorus: uint64_t Mix(uint64_t x)" (inline ones, too). Functions
// whose parameters have other names count as different ones. Left out are definitions in unnamed
// namespaces, in types and in functions, static and extern ones, `main`, and specialisations of
// templates.
std::set<std::string> DefinitionsIn(std::string_view text);

// The definitions that several files have, with these files.
std::map<std::string, std::vector<std::string>> DefinedTwice(const std::vector<SourceText>& files);

}  // namespace chorus::architecture
