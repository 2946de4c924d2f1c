#include "worker/import/max_ids.h"

#include <algorithm>
#include <numeric>

#include "common/check.h"

namespace chorus::worker {
namespace {

// The places of the `kept` largest of values[first ..), ascending; among equals the first ones.
std::vector<size_t> LargestPlaces(uint32_t kept, size_t first, const std::vector<float>& values) {
  std::vector<size_t> places(values.size() - first);
  std::iota(places.begin(), places.end(), first);
  std::nth_element(places.begin(), places.begin() + kept, places.end(), [&](size_t a, size_t b) {
    return values[a] != values[b] ? values[a] > values[b] : a < b;
  });
  places.resize(kept);
  std::sort(places.begin(), places.end());
  return places;
}

}  // namespace

void KeepIds(uint32_t kept, ColumnSlot::Keep keep, size_t first, std::vector<Key>* keys,
             std::vector<float>* values) {
  CHECK(keys->size() == values->size() && keys->size() > first + kept, keys->size());
  if (keep == ColumnSlot::LAST) {
    const auto begin = static_cast<std::ptrdiff_t>(first);
    const auto end = static_cast<std::ptrdiff_t>(keys->size() - kept);
    keys->erase(keys->begin() + begin, keys->begin() + end);
    values->erase(values->begin() + begin, values->begin() + end);
    return;
  }
  if (keep == ColumnSlot::LARGEST_VALUE) {
    size_t to = first;
    for (const size_t place : LargestPlaces(kept, first, *values)) {
      (*keys)[to] = (*keys)[place];
      (*values)[to++] = (*values)[place];
    }
  }
  keys->resize(first + kept);
  values->resize(first + kept);
}

}  // namespace chorus::worker
