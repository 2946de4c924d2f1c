#include "launch/kubernetes/yaml.h"

#include "common/json_text.h"
#include "common/strings.h"

namespace chorus::launch {
void Yaml::Comment(std::string_view text) { out_ += StrCat("# ", text, "\n"); }

void Yaml::Begin() { out_ += "---\n"; }

// An item's first key follows its dash.
void Yaml::Key(std::string_view key) {
  std::string indent(2 * depth_, ' ');
  if (begins_item_) indent.replace(indent.size() - 2, 2, "- ");
  begins_item_ = false;
  out_ += StrCat(indent, key, ":");
}

void Yaml::Text(std::string_view key, std::string_view value) {
  Key(key);
  out_ += StrCat(" ", QuotedJson(value), "\n");
}

void Yaml::Number(std::string_view key, uint64_t value) {
  Key(key);
  out_ += StrCat(" ", value, "\n");
}

void Yaml::Flag(std::string_view key, bool value) {
  Key(key);
  out_ += StrCat(" ", value, "\n");
}

void Yaml::Words(std::string_view key, const std::vector<std::string>& values) {
  Key(key);
  out_ += "\n";
  for (const std::string& value : values) {
    out_ += StrCat(std::string(2 * depth_ + 2, ' '), "- ", QuotedJson(value), "\n");
  }
}

void Yaml::Lines(std::string_view key, std::string_view text) {
  Key(key);
  out_ += " |\n";
  for (const std::string& line : Split(text, '\n')) {
    out_ += line.empty() ? "\n" : StrCat(std::string(2 * depth_ + 2, ' '), line, "\n");
  }
}

Yaml::Block Yaml::Map(std::string_view key) {
  Key(key);
  out_ += "\n";
  return Block(this);
}

Yaml::Block Yaml::Item() {
  begins_item_ = true;
  return Block(this);
}

}  // namespace chorus::launch
