#include "worker/import/prose_cells.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string_view>

#include "common/strings.h"
#include "worker/import/cell_text.h"

namespace chorus::worker {
namespace {

// Whether an opening bracket and its closing one are in different pieces.
bool CutsBrackets(const std::vector<std::string>& pieces) {
  return std::any_of(pieces.begin(), pieces.end(), [](const std::string& piece) {
    return std::count(piece.begin(), piece.end(), '(') !=
           std::count(piece.begin(), piece.end(), ')');
  });
}

// Whether a blank follows every separator, and a piece is of several words.
bool ReadsAsWords(const std::vector<std::string>& pieces) {
  const bool blanks = std::all_of(pieces.begin() + 1, pieces.end(), [](const std::string& piece) {
    return piece.empty() || piece.front() == ' ';
  });
  return blanks && std::any_of(pieces.begin(), pieces.end(), [](const std::string& piece) {
           return TrimBlanks(piece).find(' ') != std::string_view::npos;
         });
}

}  // namespace

bool AreProse(const std::vector<std::string>& cells, char separator) {
  const std::set<std::string> distinct(cells.begin(), cells.end());
  size_t cut = 0, words = 0, all_pieces = 0;
  std::map<std::string, size_t> cells_of;  // that a piece is in
  for (const std::string& cell : distinct) {
    const std::vector<std::string> pieces = chorus::Split(cell, separator);
    cut += CutsBrackets(pieces) ? 1 : 0;
    words += ReadsAsWords(pieces) ? 1 : 0;
    std::set<std::string> own;
    for (const std::string& piece : pieces) own.emplace(TrimBlanks(piece));
    for (const std::string& piece : own) ++cells_of[piece];
    all_pieces += own.size();
  }
  if (2 * cut >= distinct.size()) return true;
  size_t recurring = 0;  // pieces of cells
  for (const auto& [piece, count] : cells_of) recurring += count > 1 ? count : 0;
  return 2 * words >= distinct.size() && recurring * 2 < all_pieces;
}

}  // namespace chorus::worker
