#include "tests/simulation/outlived_ranks.h"

namespace chorus::simulation {
namespace {

// What is one job's own harms nobody: folders that it writes, a claim in the making, and temporary
// files.
bool IsOwn(const std::string& path) {
  const size_t claim = path.find("claim-");
  return path.find(".writing-") != std::string::npos || path.ends_with(".tmp") ||
         (claim != std::string::npos && path.find('.', claim) != std::string::npos);
}

}  // namespace

void OutlivedRanks::Begin(uint32_t first_rank) {
  first_rank_ = first_rank;
  claimed_ = false;
  if (first_rank > 0) claimed_first_ = false;
  looked_.clear();
  changed_.clear();
}

void OutlivedRanks::Look() {
  if (claimed_ && calling()) looked_.insert(Caller());
}

void OutlivedRanks::Claim() {
  claimed_first_ |= calling() && !claimed_;
  claimed_ |= !calling();
}

void OutlivedRanks::Change(const std::string& what, const std::string& path) {
  if (!claimed_ || !calling() || IsOwn(path)) return;
  const bool first = changed_.insert(Caller()).second;
  if (first && looked_.count(Caller()) == 0) {
    ++late_changes_;
    world_.Trace(what, " ", path, " behind the next job's claim");
  } else if (violation_.empty()) {
    violation_ = StrCat("rank ", Caller().first, ", which outlived its job, ", what, " ", path,
                        " although another job has claimed the folder");
  }
}

void OutlivedRanks::Append(const std::string& path, uint32_t writer) {
  if (!calling() || writer == kNoRank || writer < first_rank_ || !violation_.empty()) return;
  violation_ = StrCat("rank ", Caller().first, ", which outlived its job, appends to ", path,
                      ", a file of rank ", writer, " of the next job");
}

}  // namespace chorus::simulation
