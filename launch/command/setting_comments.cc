#include "launch/command/setting_comments.h"

#include <regex>
#include <vector>

#include "common/strings.h"

namespace chorus::launch {
namespace {

std::string Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(' ') + 1 - begin));
}

void Append(const std::string& text, std::string* out) {
  if (text.empty()) return;
  if (!out->empty()) *out += ' ';
  *out += text;
}

// Reads a file line by line.
class CommentReader {
 public:
  void Read(const std::string& line) {
    const size_t slashes = Comment(line);
    const std::string code = Trimmed(std::string_view(line).substr(0, slashes));
    const std::string comment =
        slashes == std::string::npos ? "" : Trimmed(std::string_view(line).substr(slashes + 2));
    if (code.empty()) {
      if (slashes == std::string::npos || comment.starts_with("---")) above_.clear();
      Append(comment.starts_with("---") ? "" : comment, &above_);
      return;
    }
    Append(code, &statement_);
    // A field may go on in the next line.
    if (code.find_last_of(";{}") == std::string::npos) return;
    Statement(Trimmed(statement_), comment);
    statement_.clear();
    above_.clear();
  }
  std::map<std::string, std::string> Take() { return std::move(comments_); }

 private:
  static size_t Comment(const std::string& line) {
    bool quoted = false;
    for (size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '\\') {
        ++i;  // an escaped character ends no text
        continue;
      }
      if (line[i] == '"') quoted = !quoted;
      if (!quoted && line.compare(i, 2, "//") == 0) return i;
    }
    return std::string::npos;
  }

  void Statement(const std::string& text, const std::string& comment) {
    static const std::regex kOpen(R"(^(message|enum|oneof|extend) ([\w.]+) ?\{(.*)$)");
    static const std::regex kField(R"(^(?:(?:optional|repeated) )?(?:[\w.]+ )?(\w+) = \d+.*$)");
    std::smatch match;
    if (std::regex_match(text, match, kOpen)) {
      const bool named = match[1] == "message";
      if (named) Add(match[2], comment);
      scopes_.push_back(named ? match[2].str() : "");
      above_.clear();
      const std::string inside = Trimmed(match[3].str());
      if (!inside.empty()) Statement(inside, "");  // all of it in one line
      return;
    }
    if (text == "}" || text.ends_with(" }")) {
      if (!scopes_.empty()) scopes_.pop_back();
      return;
    }
    if (!scopes_.empty() && std::regex_match(text, match, kField)) Add(match[1], comment);
  }

  void Add(const std::string& name, const std::string& comment) {
    std::string path;
    for (const std::string& scope : scopes_) path += scope.empty() ? "" : scope + ".";
    std::string text = above_;
    Append(comment, &text);
    if (!text.empty()) comments_.emplace(path + name, text);
  }

  std::map<std::string, std::string> comments_;
  std::vector<std::string> scopes_;  // "" = a scope that is no part of names
  std::string above_;                // the comment so far
  std::string statement_;            // the statement so far
};

}  // namespace

std::map<std::string, std::string> CommentsOf(std::string_view proto) {
  CommentReader reader;
  for (const std::string& line : Split(std::string(proto), '\n')) reader.Read(line);
  return reader.Take();
}

}  // namespace chorus::launch
