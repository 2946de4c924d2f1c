#include "tests/architecture/definitions.h"

#include <cctype>
#include <regex>

namespace chorus::architecture {
namespace {

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Where the literal or comment that begins at `at` ends; `at` itself when none begins there.
size_t EndOfOpaque(std::string_view text, size_t at) {
  const auto end_of = [&](std::string_view end, size_t from) {
    const size_t found = text.find(end, from);
    return found == std::string_view::npos ? text.size() : found + end.size();
  };
  const std::string_view rest = text.substr(at);
  const bool in_word = at > 0 && IsWord(text[at - 1]);
  if (rest.starts_with("//")) return end_of("\n", at) - 1;
  if (rest.starts_with("/*")) return end_of("*/", at);
  if (rest.starts_with("R\"") && !in_word) {
    const size_t open = text.find('(', at);
    return end_of(")" + std::string(text.substr(at + 2, open - at - 2)) + "\"", open);
  }
  if (rest[0] != '"' && (rest[0] != '\'' || in_word)) return at;  // 1'000 has no literal
  size_t end = at + 1;
  while (end < text.size() && text[end] != rest[0]) end += text[end] == '\\' ? 2 : 1;
  return end + 1;
}

// Without comments, literals and lines of the preprocessor, and with single blanks.
std::string Code(std::string_view text) {
  std::string code;
  const auto add = [&](char c) {
    if (std::isspace(static_cast<unsigned char>(c)) == 0) {
      code += c;
    } else if (!code.empty() && code.back() != ' ') {
      code += ' ';
    }
  };
  bool line_begins = true;
  for (size_t at = 0; at < text.size(); ++at) {
    if (line_begins && text[at] == '#') {
      while (at < text.size() && text[at] != '\n') at += text[at] == '\\' ? 2 : 1;
      continue;
    }
    if (const size_t end = EndOfOpaque(text, at); end != at) {
      line_begins = false;
      at = end - 1;
      continue;
    }
    line_begins = text[at] == '\n' || (line_begins && text[at] == ' ');
    add(text[at]);
  }
  return code;
}

// The name of the definition in front of a '{' at the scope of a namespace; "" if it is none.
std::string NameOf(const std::string& head) {
  static const std::regex kType(
      R"(^(?:template ?<.*> ?)?(?:struct|class|union|enum|enum class|enum struct) )"
      R"((?:\w+\([^)]*\) )*(?:[A-Z_]+ )?(\w+)(?: final)?(?: ?:[^:].*)?$)");
  static const std::regex kNoName(R"(^(?:template ?< ?>|static |extern |int main\(|[^\w\[]))");
  static const std::regex kWithout(R"(\b(?:inline|constexpr) |\[\[\w+\]\] ?)");
  if (head.empty() || std::regex_search(head, kNoName)) return "";
  std::smatch match;
  if (std::regex_match(head, match, kType)) return "type " + match[1].str();
  return head.find('(') == std::string::npos ? "" : std::regex_replace(head, kWithout, "");
}

}  // namespace

std::set<std::string> DefinitionsIn(std::string_view text) {
  static const std::regex kNamespace(R"(^(?:inline )?namespace ?([\w:]*)$)");
  struct Scope {
    bool is_namespace;
    bool is_named;
    std::string name;
  };
  std::vector<Scope> scopes = {{true, true, ""}};
  std::set<std::string> found;
  std::string head;
  for (const char c : Code(text)) {
    if (c != '{' && c != '}' && c != ';') {
      if (!head.empty() || c != ' ') head += c;
      continue;
    }
    while (!head.empty() && head.back() == ' ') head.pop_back();
    if (c == '{') {
      const Scope outer = scopes.back();
      std::smatch match;
      if (outer.is_namespace && std::regex_match(head, match, kNamespace)) {
        const std::string name = match[1].str();
        scopes.push_back({true, outer.is_named && !name.empty(),
                          outer.name.empty() ? name : outer.name + "::" + name});
      } else {
        const std::string name = outer.is_namespace && outer.is_named ? NameOf(head) : "";
        if (!name.empty()) found.insert(outer.name + ": " + name);
        scopes.push_back({false, false, ""});
      }
    } else if (c == '}' && scopes.size() > 1) {
      scopes.pop_back();
    }
    head.clear();
  }
  return found;
}

std::map<std::string, std::vector<std::string>> DefinedTwice(const std::vector<SourceText>& files) {
  std::map<std::string, std::vector<std::string>> all;
  for (const SourceText& file : files) {
    for (const std::string& name : DefinitionsIn(file.text)) all[name].push_back(file.path);
  }
  std::erase_if(all, [](const auto& entry) { return entry.second.size() < 2; });
  return all;
}

}  // namespace chorus::architecture
