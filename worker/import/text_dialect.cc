#include "worker/import/text_dialect.h"

#include <set>

#include "common/byte_order_mark.h"
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

// The cells of a line without blanks around them; none when it cannot be cut.
std::vector<std::string> CellsOf(const std::string& line, const TextFormat& format) {
  RowSplitter splitter(format.delimiter, format.escape);
  std::vector<std::string> cells;
  if (!splitter.Split(line).ok()) return cells;
  for (const std::string_view cell : splitter.cells()) cells.emplace_back(TrimBlanks(cell));
  return cells;
}

// Names that come twice are a header's mistake where no row below has them in these columns.
bool HasHeader(const std::vector<std::string>& lines, const TextFormat& format) {
  const std::vector<std::string> names = CellsOf(lines[0], format);
  std::set<std::string_view> known;
  std::vector<size_t> repeated;
  for (size_t c = 0; c < names.size(); ++c) {
    if (NumberFromText(names[c]) || TimeFromText(names[c])) return false;
    if (!names[c].empty() && !known.insert(names[c]).second) repeated.push_back(c);
  }
  for (size_t i = 1; i < lines.size() && !repeated.empty(); ++i) {
    const std::vector<std::string> cells = CellsOf(lines[i], format);
    for (const size_t c : repeated) {
      if (c < cells.size() && cells[c] == names[c]) return false;
    }
  }
  return !known.empty() && (repeated.empty() || lines.size() > 1);
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
      if (reader.line_number() == 1) line = WithoutByteOrderMark(line);
      if (!TrimBlanks(line).empty()) lines.emplace_back(line);
    }
  }
  if (lines.empty()) {
    return InvalidArgument(StrCat(inputs.empty() ? "the input" : inputs[0].name,
                                  ": found no line, expected delimited text"));
  }
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
  format.header = HasHeader(lines, format);
  return format;
}

}  // namespace chorus::worker
