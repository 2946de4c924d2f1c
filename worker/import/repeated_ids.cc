#include "worker/import/repeated_ids.h"

#include <bit>
#include <utility>

#include "common/key.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {
constexpr size_t kFirstIdPlaces = 1024;
// Of four places three are filled at most.
bool IsFull(size_t filled, size_t places) { return filled * 4 >= places * 3; }
}  // namespace

std::string RepeatedRows::Count() const {
  const char* const what = rows == 1 ? " row" : " rows";
  if (halvings == 0) return StrCat(rows, what);
  return StrCat("about ", rows, what, " (counted for one id in ", uint64_t{1} << halvings, ")");
}

std::string RepeatedRows::Have() const { return StrCat(Count(), rows == 1 ? " has" : " have"); }

bool RepeatedIds::Add(uint64_t id) {
  const uint64_t hash = Mix(id);  // a bijection: equal hashes are equal ids
  if (!IsLookedAt(hash)) return false;
  if (IsFull(filled_, places_.size())) Grow();
  if (!IsLookedAt(hash) || Insert(hash)) return false;
  // This id was looked at with a chance of one in 2^halvings: it stands for as many.
  count_ += uint64_t{1} << halvings_;
  return true;
}

bool RepeatedIds::Insert(uint64_t hash) {
  if (hash == 0) return !std::exchange(has_zero_, true);
  const size_t mask = places_.size() - 1;
  size_t at = static_cast<size_t>(hash >> (64 - std::countr_zero(places_.size())));
  while (places_[at] != 0) {
    if (places_[at] == hash) return false;
    at = (at + 1) & mask;
  }
  places_[at] = hash;
  ++filled_;
  return true;
}

void RepeatedIds::Grow() {
  const size_t places = places_.empty() ? kFirstIdPlaces : places_.size() * 2;
  if (places > most_places_) ++halvings_;
  std::vector<uint64_t> before =
      std::exchange(places_, std::vector<uint64_t>(places > most_places_ ? most_places_ : places));
  filled_ = 0;
  for (const uint64_t hash : before) {
    if (hash != 0 && IsLookedAt(hash)) Insert(hash);
  }
}

}  // namespace chorus::worker
