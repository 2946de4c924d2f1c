#include "worker/synthetic/features.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "common/device_math.h"
#include "worker/synthetic/draw.h"

namespace chorus::worker {
namespace {

constexpr uint32_t kProfileBuckets = 8;
constexpr uint32_t kItemBuckets = 10;
constexpr uint32_t kPriceBuckets = 8;
constexpr uint32_t kAffinityBuckets = 16;
constexpr uint32_t kSegments = 8;
// A user's history has kHistoryMin .. kHistoryMin + kHistorySpread - 1 drawn items, with
// repetitions.
constexpr uint32_t kHistoryMin = 5;
constexpr uint32_t kHistorySpread = 16;
constexpr double kProfileNoise = 0.5;  // standard deviation, in units of the trait

// Bucket of a standard normal among `buckets` equally likely ones.
class NormalBuckets {
 public:
  explicit NormalBuckets(uint32_t buckets) {
    for (uint32_t i = 1; i < buckets; ++i) {
      edges_.push_back(ToNormal(~uint64_t{0} / buckets * i));
    }
  }
  uint32_t operator()(double x) const {
    return static_cast<uint32_t>(std::upper_bound(edges_.begin(), edges_.end(), x) -
                                 edges_.begin());
  }

 private:
  std::vector<double> edges_;
};

const NormalBuckets& ProfileBuckets() {
  static const NormalBuckets buckets(kProfileBuckets);
  return buckets;
}
const NormalBuckets& ItemBuckets() {
  static const NormalBuckets buckets(kItemBuckets);
  return buckets;
}
const NormalBuckets& PriceBuckets() {
  static const NormalBuckets buckets(kPriceBuckets);
  return buckets;
}
const NormalBuckets& AffinityBuckets() {
  static const NormalBuckets buckets(kAffinityBuckets);
  return buckets;
}

// What a profile shows of a trait: its octile, seen through a noise that stays the same for the
// user.
uint32_t NoisyOctile(const World& world, uint64_t user, uint64_t field, double trait) {
  const double noise = ToNormal(world.Bits(kDrawProfileNoise, user, field));
  return ProfileBuckets()((trait + kProfileNoise * noise) /
                          std::sqrt(1 + kProfileNoise * kProfileNoise));
}

// The profile fields that crosses use again.
uint32_t PropensityBucket(const World& world, const User& user) {
  return NoisyOctile(world, user.id, 4, user.propensity);
}
uint32_t PowerBucket(const World& world, const User& user) {
  return NoisyOctile(world, user.id, 5, user.power);
}
uint32_t Segment(const World& world, const User& user) {
  return ToBelow(world.Bits(kDrawSegment, user.id), kSegments);
}
// Octaves of the rank, up or down by one or as it is.
uint32_t ActivityBucket(const World& world, const User& user) {
  const uint64_t noise = world.Bits(kDrawProfileNoise, user.id, uint64_t{6});
  return static_cast<uint32_t>(std::bit_width(user.id + 1)) + ToBelow(noise, 3);
}

void PutOne(SlotColumn* column, Key key) {
  column->keys.push_back(key);
  column->offsets.push_back(static_cast<uint32_t>(column->keys.size()));
}

// Appends the values' distinct ids, ascending, with ln(1 + how often each occurs).
void PutCounted(SlotColumn* column, uint64_t space_seed, std::vector<uint64_t> ids) {
  std::sort(ids.begin(), ids.end());
  for (size_t begin = 0, end = 0; begin < ids.size(); begin = end) {
    while (end < ids.size() && ids[end] == ids[begin]) ++end;
    column->keys.push_back(MakeKey(space_seed, ids[begin]));
    column->values.push_back(static_cast<float>(Log(1.0 + static_cast<double>(end - begin))));
  }
  column->offsets.push_back(static_cast<uint32_t>(column->keys.size()));
}

void Empty(FeatureColumns* columns, size_t slots) {
  columns->rows = 0;
  columns->numerics.clear();
  columns->slots.resize(slots);
  for (SlotColumn& slot : columns->slots) {
    slot.offsets.assign(1, 0);
    slot.keys.clear();
    slot.values.clear();
  }
}

}  // namespace

FeatureWriter::FeatureWriter(const World& world) : world_(world) {
  for (const char* name :
       {"101", "121", "122", "124", "125", "126", "127", "128", "129", "303", "301"}) {
    AddSlot(name, true, false);
  }
  if (world.config().history()) {
    for (const char* name : {"109_14", "110_14", "127_14"}) AddSlot(name, true, true);
  }
  for (const char* name : {"205", "206", "207", "216", "211", "212", "213", "214", "215", "508",
                           "509", "702", "853", "302"}) {
    AddSlot(name, false, false);
  }
  schema_.has_group = true;
  schema_.has_time = true;
}

void FeatureWriter::AddSlot(const char* name, bool context, bool multi_valued) {
  schema_.slots.push_back({name, name, context, multi_valued, multi_valued});
  (context ? context_seeds_ : exposure_seeds_).push_back(SpaceSeed(name));
}

void FeatureWriter::Begin(Batch* batch) const {
  Empty(&batch->contexts, context_seeds_.size());
  Empty(&batch->exposures, exposure_seeds_.size());
  batch->context_of.clear();
  batch->row_id.clear();
  batch->click.clear();
  batch->conversion.clear();
  batch->weight.clear();
  batch->group.clear();
  batch->time.clear();
}

uint32_t FeatureWriter::AddContext(const User& user, const Scenery& scenery, Batch* batch) const {
  std::array<uint64_t, 11> ids = {user.id};  // 101
  for (int d = 0; d < kTasteDims; ++d) {     // 121 122 124 125
    ids[1 + d] = NoisyOctile(world_, user.id, d, user.taste[d]);
  }
  ids[5] = PropensityBucket(world_, user);  // 126
  ids[6] = PowerBucket(world_, user);       // 127
  ids[7] = ActivityBucket(world_, user);    // 128
  ids[8] = Segment(world_, user);           // 129
  ids[9] = scenery.hour;                    // 303
  ids[10] = scenery.scene;                  // 301
  FeatureColumns& columns = batch->contexts;
  for (size_t i = 0; i < ids.size(); ++i) {
    PutOne(&columns.slots[i], MakeKey(context_seeds_[i], ids[i]));
  }
  if (world_.config().history()) AddHistory(user.id, &columns);
  return columns.rows++;
}

void FeatureWriter::AddHistory(uint64_t user, FeatureColumns* columns) const {
  constexpr size_t kFirst = 11;  // 109_14 110_14 127_14
  const uint32_t count = kHistoryMin + ToBelow(world_.Bits(kDrawHistorySize, user), kHistorySpread);
  std::vector<uint64_t> categories, shops, brands;
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t item = world_.DrawItem(user, world_.Bits(kDrawHistoryItem, user, i));
    categories.push_back(world_.CategoryOf(item));
    shops.push_back(world_.ShopOf(item));
    brands.push_back(world_.BrandOf(item));
  }
  PutCounted(&columns->slots[kFirst], context_seeds_[kFirst], std::move(categories));
  PutCounted(&columns->slots[kFirst + 1], context_seeds_[kFirst + 1], std::move(shops));
  PutCounted(&columns->slots[kFirst + 2], context_seeds_[kFirst + 2], std::move(brands));
}

void FeatureWriter::AddExposure(const User& user, const Item& item, uint32_t position,
                                Batch* batch) const {
  const Calibration& c = world_.calibration();
  const uint64_t price = PriceBuckets()(item.price);
  const uint64_t categories = world_.sizes().categories;
  const std::array<uint64_t, 14> ids = {
      item.id,                                                      // 205
      item.category,                                                // 206
      item.shop,                                                    // 207
      item.brand,                                                   // 216
      price,                                                        // 211
      static_cast<uint64_t>(std::bit_width(item.id + 1)),           // 212
      ItemBuckets()(c.appeal(item.appeal)),                         // 213
      ItemBuckets()(c.quality(item.quality)),                       // 214
      ItemBuckets()(item.bait),                                     // 215
      AffinityBuckets()(Affinity(user, item)),                      // 508
      PropensityBucket(world_, user) * categories + item.category,  // 509
      PowerBucket(world_, user) * uint64_t{kPriceBuckets} + price,  // 702
      Segment(world_, user) * categories + item.category,           // 853
      position,                                                     // 302
  };
  FeatureColumns& columns = batch->exposures;
  for (size_t i = 0; i < ids.size(); ++i) {
    PutOne(&columns.slots[i], MakeKey(exposure_seeds_[i], ids[i]));
  }
  columns.rows += 1;
}

}  // namespace chorus::worker
