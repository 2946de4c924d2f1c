#include "worker/import/text_dialect.h"

#include <set>

#include "common/strings.h"
#include "worker/import/cell_text.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kDelimiters("\t,;|\x01 ", 6);  // by how likely they are

// Cells of the first line, and how many lines are cut into as many; 0 cells when it cannot be cut.
struct Cut {
  size_t cells = 0;
  size_t lines = 0;
};

Cut CutLines(const std::vector<std::string>& lines, RowSplitter splitter) {
  Cut cut;
  for (const std::string& line : lines) {
    if (!splitter.Split(line).ok()) continue;
    if (cut.cells == 0) cut.cells = splitter.cells().size();
    if (splitter.cells().size() == cut.cells) ++cut.lines;
  }
  return cut;
}

bool HasHeader(const std::string& line, const TextFormat& format) {
  RowSplitter splitter(format.delimiter, format.escape);
  if (!splitter.Split(line).ok()) return false;
  std::set<std::string_view> names;
  for (const std::string_view cell : splitter.cells()) {
    const std::string_view name = TrimBlanks(cell);
    if (NumberFromText(name) || TimeFromText(name)) return false;
    if (!name.empty() && !names.insert(name).second) return false;
  }
  return !names.empty();
}

}  // namespace

Result<std::vector<std::string>> FirstLines(const std::vector<TextInput>& inputs, size_t most) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < inputs.size() && lines.empty(); ++i) {
    auto source = inputs[i].open();
    if (!source.ok()) return source.status().Annotate(inputs[i].name);
    auto unpacked = NewUnpackingSource(std::move(source).value());
    if (!unpacked.ok()) return unpacked.status().Annotate(inputs[i].name);
    LineReader reader(std::move(unpacked).value());
    while (lines.size() < most) {
      std::string_view line;
      auto got = reader.Next(&line);
      if (!got.ok()) return got.status().Annotate(inputs[i].name);
      if (!*got) break;
      if (reader.line_number() == 1 && line.starts_with(kByteOrderMark)) {
        line.remove_prefix(kByteOrderMark.size());
      }
      if (!TrimBlanks(line).empty()) lines.emplace_back(line);
    }
  }
  if (lines.empty()) return InvalidArgument("found no line, expected delimited text");
  return lines;
}

TextFormat GuessFormat(const std::vector<std::string>& lines) {
  TextFormat format;
  Cut best;
  for (const char delimiter : kDelimiters) {
    const Cut cut = CutLines(lines, RowSplitter(delimiter));
    if (cut.cells < 2 || cut.lines * 2 < lines.size()) continue;
    if (best.cells == 0 || cut.lines > best.lines ||
        (cut.lines == best.lines && cut.cells > best.cells)) {
      best = cut;
      format.delimiter = delimiter;
    }
  }
  if (CutLines(lines, RowSplitter(format.delimiter, '\\')).lines > best.lines) format.escape = '\\';
  format.header = HasHeader(lines[0], format);
  return format;
}

}  // namespace chorus::worker
